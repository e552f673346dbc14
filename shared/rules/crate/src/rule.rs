//! A compiled rule and how Rhai judges one row with it.

use crate::constant_verdict::ConstantVerdicts;
use crate::declarations::{Declarations, Kind};
use crate::program::Program;
use crate::row::Row;
use crate::sandbox::Watch;
use crate::texts::Texts;
use rhai::{Caches, Dynamic, Engine, EvalAltResult, GlobalRuntimeState, ImmutableString, Map, Scope, AST};

/// Statuses whose numbers a rule remembers. Rules have a handful; more of them only cost a search each.
const STATUSES_REMEMBERED: usize = 8;

pub struct Rule {
    pub program: Option<Program>,
    pub constants: ConstantVerdicts,
    pub field_count: usize,
    ast: AST,
    /// Slots that the row must hold before Rhai runs.
    reads: Vec<(usize, Option<NamedField>)>,
    /// `params` as a map, if the rule uses the maps as a whole.
    maps: Option<Map>,
    global: GlobalRuntimeState,
    caches: Caches,
    statuses: Vec<(ImmutableString, u32)>,
    statuses_generation: u32,
}

struct NamedField {
    name: ImmutableString,
    kind: Kind,
}

impl Rule {
    pub fn new(engine: &Engine, ast: AST, program: Option<Program>, constants: ConstantVerdicts, declarations: &Declarations, reads: Vec<usize>, needs_maps: bool) -> Self {
        let (reads, maps) = if needs_maps {
            let all = declarations.fields.iter().enumerate();
            let reads = all.map(|(slot, field)| (slot, Some(NamedField { name: field.name.clone(), kind: field.kind }))).collect();
            let maps = declarations.parameters.iter().map(|parameter| (parameter.name.as_str().into(), parameter.value.clone())).collect();
            (reads, Some(maps))
        } else {
            (reads.into_iter().map(|slot| (slot, None)).collect(), None)
        };
        let mut rule = Self {
            program,
            constants,
            field_count: declarations.fields.len(),
            ast,
            reads,
            maps,
            global: engine.new_global_runtime_state(),
            caches: Caches::new(),
            statuses: Vec::new(),
            statuses_generation: 0,
        };
        rule.renew(engine);
        rule
    }

    /// Fresh state of the interpreter, with the rule's own functions in reach. Needed after an error, which leaves the
    /// depth of calls and the caches as they were when it struck.
    #[cold]
    fn renew(&mut self, engine: &Engine) {
        self.global = engine.new_global_runtime_state();
        if !self.ast.shared_lib().is_empty() {
            self.global.lib.push(self.ast.shared_lib().clone());
        }
        self.caches = Caches::new();
    }

    /// Judges one row with Rhai: `columns[slot]` is where a field lies in `cells`.
    pub fn run(&mut self, engine: &Engine, scope: &mut Scope<'static>, row: &Row, watch: &Watch, cells: &[f64], columns: &[u32]) -> Result<Dynamic, Box<EvalAltResult>> {
        for (slot, _) in &self.reads {
            row.set(*slot, cells[columns[*slot] as usize]);
        }
        if let Some(parameters) = &self.maps {
            let named = self.reads.iter().filter_map(|(slot, field)| field.as_ref().map(|field| (field.name.as_str().into(), row.value(*slot, field.kind))));
            let input: Map = named.collect();
            scope.push_constant("input", input).push_constant("params", parameters.clone());
        }
        watch.restart();
        self.global.num_operations = 0;
        #[allow(deprecated)] // "volatile" only: Rhai's version is pinned
        let result = engine.eval_statements_raw(&mut self.global, &mut self.caches, scope, self.ast.statements());
        scope.clear();
        if result.is_err() {
            self.renew(engine);
        }
        result
    }

    #[inline]
    pub fn status_number(&mut self, status: &ImmutableString, texts: &mut Texts) -> u32 {
        if self.statuses_generation != texts.generation() {
            self.statuses.clear();
            self.statuses_generation = texts.generation();
        }
        if let Some((_, number)) = self.statuses.iter().find(|(known, _)| known == status) {
            return *number;
        }
        let number = texts.intern(status);
        if self.statuses.len() < STATUSES_REMEMBERED {
            self.statuses.push((status.clone(), number));
        }
        number
    }
}
