//! Binds `input.x` and `params.x` in a parsed rule: fields become cells of the row, parameters become constants, and
//! names that were not declared become problems with their place.

use crate::chart::is_chart_function;
use crate::chain::{literal_key, replace_head, root, Source};
use crate::declarations::Declarations;
use crate::problem::{Problem, ProblemKind};
use crate::row::cell_index;
use rhai::{ASTFlags, ASTNode, Expr, FlowControl, FnCallExpr, Position, Stmt, StmtBlock, AST};

pub struct Binding {
    /// Slots of the fields that the rule reads by name.
    pub reads: Vec<usize>,
    /// The rule uses `input` or `params` as a whole (`input.keys()`, `input[name]`, a closure): they must be built as maps.
    pub needs_maps: bool,
    pub problems: Vec<Problem>,
}

struct Binder<'a> {
    declarations: &'a Declarations,
    binding: Binding,
}

pub fn bind(ast: &AST, declarations: &Declarations) -> (AST, Binding) {
    let mut binder = Binder { declarations, binding: Binding { reads: Vec::new(), needs_maps: false, problems: Vec::new() } };
    binder.functions(ast);
    let mut statements = ast.statements().to_vec();
    for statement in &mut statements {
        binder.statement(statement);
    }
    (AST::new(statements, ast.shared_lib().clone()), binder.binding)
}

impl Binder<'_> {
    fn problem(&mut self, kind: ProblemKind, position: Position, message: String) {
        self.binding.problems.push(Problem::new(kind, position, message));
    }

    /// Script functions are checked but not changed: a named one sees no outer variable, and a closure receives the maps
    /// that it captures, where an unknown property is an error when it runs.
    fn functions(&mut self, ast: &AST) {
        for function in ast.iter_functions() {
            let is_closure = function.name.starts_with("anon$");
            if is_chart_function(function.name) {
                let message = format!("the function `{}` is there already; choose another name", function.name);
                self.problem(ProblemKind::ReservedName, Position::NONE, message);
            }
            if !is_closure && function.params.iter().any(|name| Source::of_name(name).is_some()) {
                let message = format!("the function `{}` must not call its argument `input` or `params`", function.name);
                self.problem(ProblemKind::ReservedName, Position::NONE, message);
                continue;
            }
            let body = ast.clone_functions_only_filtered(|_, _, _, name, arity| name == function.name && arity == function.params.len());
            body.walk(&mut |path: &[ASTNode]| {
                match path.last() {
                    Some(ASTNode::Expr(variable @ Expr::Variable(_, _, position))) if !is_closure => self.check_outer(Source::of_variable(variable), *position),
                    Some(ASTNode::Expr(Expr::Dot(link, flags, _))) if is_closure => self.check_key(Source::of_variable(&link.lhs), literal_key(link, false, *flags)),
                    Some(ASTNode::Expr(Expr::Index(link, flags, _))) if is_closure => self.check_key(Source::of_variable(&link.lhs), literal_key(link, true, *flags)),
                    Some(ASTNode::Stmt(Stmt::Assignment(assignment))) => self.check_target(&assignment.1.lhs),
                    Some(ASTNode::Stmt(Stmt::Var(variable, _, position))) => self.check_name(&variable.0.name, *position),
                    _ => {}
                }
                true
            });
        }
    }

    fn check_outer(&mut self, source: Option<Source>, position: Position) {
        if let Some(source) = source {
            let message = format!("a function does not see `{}`; pass it what it needs as an argument", source.name());
            self.problem(ProblemKind::ReservedName, position, message);
        }
    }

    fn check_key(&mut self, source: Option<Source>, key: Option<(&str, Position)>) {
        if let (Some(source), Some((key, position))) = (source, key) {
            self.resolve(source, key, position);
        }
    }

    fn check_name(&mut self, name: &str, position: Position) {
        if Source::of_name(name).is_some() {
            self.problem(ProblemKind::ReservedName, position, format!("`{name}` is what the rule is given; choose another name"));
        }
    }

    fn check_target(&mut self, target: &Expr) {
        let root = root(target);
        if let Some(source) = Source::of_variable(root) {
            let message = format!("`{}` cannot be changed; keep the new value in a variable of your own (let x = ...)", source.name());
            self.problem(ProblemKind::ReadOnly, root.position(), message);
        }
    }

    fn resolve(&mut self, source: Source, key: &str, position: Position) -> Option<Expr> {
        match source {
            Source::Input => {
                if let Some(slot) = self.declarations.fields.iter().position(|field| field.name == key) {
                    if !self.binding.reads.contains(&slot) {
                        self.binding.reads.push(slot);
                    }
                    let field = &self.declarations.fields[slot];
                    let name = format!("input.{key}").into();
                    return Some(Expr::Variable((Some(cell_index(slot, field.kind)), name).into(), None, position));
                }
                let known = self.declarations.fields.iter().map(|field| field.name.as_str());
                let message = format!("the rule declares no field `{key}`; {}", listed("fields", known));
                self.problem(ProblemKind::UnknownField, position, message);
            }
            Source::Parameters => {
                if let Some(parameter) = self.declarations.parameters.iter().find(|parameter| parameter.name == key) {
                    return Some(parameter.constant(position));
                }
                let known = self.declarations.parameters.iter().map(|parameter| parameter.name.as_str());
                let message = format!("the rule has no parameter `{key}`; {}", listed("parameters", known));
                self.problem(ProblemKind::UnknownParameter, position, message);
            }
        }
        None
    }

    fn block(&mut self, block: &mut StmtBlock) {
        for statement in block.statements_mut() {
            self.statement(statement);
        }
    }

    fn flow(&mut self, flow: &mut FlowControl) {
        self.expression(&mut flow.expr);
        self.block(&mut flow.body);
        self.block(&mut flow.branch);
    }

    fn call(&mut self, call: &mut FnCallExpr) {
        // `f!(...)` runs f in the caller's scope, where it may read the maps by name.
        self.binding.needs_maps |= call.capture_parent_scope;
        for argument in &mut call.args {
            self.expression(argument);
        }
    }

    fn statement(&mut self, statement: &mut Stmt) {
        match statement {
            Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, ..) => self.flow(flow),
            Stmt::TryCatch(flow, position) => {
                if let Expr::Variable(variable, ..) = &flow.expr {
                    let name = variable.1.clone();
                    self.check_name(&name, *position);
                }
                self.block(&mut flow.body);
                self.block(&mut flow.branch);
            }
            Stmt::Switch(switch, _) => {
                self.expression(&mut switch.0);
                for case in &mut switch.1.expressions {
                    self.expression(&mut case.lhs);
                    self.expression(&mut case.rhs);
                }
            }
            Stmt::For(parts, position) => {
                let names = std::iter::once(&parts.0).chain(&parts.1).map(|name| name.name.clone()).collect::<Vec<_>>();
                for name in names {
                    self.check_name(&name, *position);
                }
                self.flow(&mut parts.2);
            }
            Stmt::Var(variable, _, position) => {
                let name = variable.0.name.clone();
                self.check_name(&name, *position);
                self.expression(&mut variable.1);
            }
            Stmt::Assignment(assignment) => {
                self.check_target(&assignment.1.lhs);
                self.expression(&mut assignment.1.lhs);
                self.expression(&mut assignment.1.rhs);
            }
            Stmt::FnCall(call, _) => self.call(call),
            Stmt::Block(block) => self.block(block),
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::BreakLoop(Some(expression), ..) | Stmt::Return(Some(expression), ..) => self.expression(expression),
            Stmt::Share(names) => self.binding.needs_maps |= names.iter().any(|(name, _)| Source::of_name(&name.name).is_some()),
            _ => {}
        }
    }

    fn expression(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Variable(..) => self.binding.needs_maps |= Source::of_variable(expression).is_some(),
            Expr::Dot(..) | Expr::Index(..) => self.chain(expression),
            Expr::InterpolatedString(parts, _) | Expr::Array(parts, _) => parts.iter_mut().for_each(|part| self.expression(part)),
            Expr::Map(entries, _) => entries.0.iter_mut().for_each(|(_, value)| self.expression(value)),
            Expr::And(parts, _) | Expr::Or(parts, _) | Expr::Coalesce(parts, _) => parts.iter_mut().for_each(|part| self.expression(part)),
            Expr::FnCall(call, _) | Expr::MethodCall(call, _) => self.call(call),
            Expr::Stmt(block) => self.block(block),
            _ => {}
        }
    }

    fn chain(&mut self, expression: &mut Expr) {
        let (source, key) = match &*expression {
            Expr::Dot(link, flags, _) => (Source::of_variable(&link.lhs), literal_key(link, false, *flags)),
            Expr::Index(link, flags, _) => (Source::of_variable(&link.lhs), literal_key(link, true, *flags)),
            _ => return,
        };
        if let (Some(source), Some((key, position))) = (source, key) {
            let key = key.to_owned();
            if let Some(value) = self.resolve(source, &key, position) {
                *expression = replace_head(std::mem::take(expression), value);
                self.links(expression);
            }
            return;
        }
        if let Expr::Dot(link, ..) | Expr::Index(link, ..) = expression {
            self.expression(&mut link.lhs);
        }
        self.links(expression);
    }

    /// What hangs on the right of a chain: arguments of methods and index expressions.
    fn links(&mut self, expression: &mut Expr) {
        let (Expr::Dot(link, flags, _) | Expr::Index(link, flags, _)) = expression else { return };
        match &mut link.rhs {
            Expr::Dot(next, ..) | Expr::Index(next, ..) if !flags.contains(ASTFlags::BREAK) => {
                self.expression(&mut next.lhs);
                self.links(&mut link.rhs);
            }
            last => self.expression(last),
        }
    }
}

fn listed<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names = names.map(|name| format!("`{name}`")).collect::<Vec<_>>();
    if names.is_empty() {
        format!("it has no {what}")
    } else {
        format!("its {what} are {}", names.join(", "))
    }
}
