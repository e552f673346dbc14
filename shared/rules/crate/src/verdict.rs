//! What a rule ends with, as Rhai's value or Rhai's error, turned into one outcome.

use rhai::{Dynamic, EvalAltResult, ImmutableString, Position};

/// A status is a short name on boards and in topics, not a sentence: that is what the explanation is for.
pub const STATUS_BYTES_MAX: usize = 64;

/// The type behind `verdict(...)` in a script.
#[derive(Clone)]
pub struct Verdict {
    pub status: ImmutableString,
    pub confidence: f64,
    pub explanation: Option<ImmutableString>,
}

impl Verdict {
    pub fn is_sound(&self) -> bool {
        is_status(&self.status) && is_confidence(self.confidence)
    }
}

/// Numbers are part of the interface to the host (`src/rule-outcome.ts`).
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum FailureKind {
    Runtime = 1,
    Operations = 2,
    Time = 3,
    Result = 4,
    Size = 5,
    Stopped = 6,
}

impl FailureKind {
    /// A rule that ran into one of these cost the time of many; a few of them stop it for the rest of a call.
    pub const fn is_runaway(self) -> bool {
        matches!(self, Self::Operations | Self::Time | Self::Size)
    }
}

pub struct Failure {
    pub kind: FailureKind,
    pub position: Position,
    pub message: String,
}

impl Failure {
    fn result(message: impl Into<String>) -> Self {
        Self { kind: FailureKind::Result, position: Position::NONE, message: message.into() }
    }
}

pub fn is_confidence(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

pub fn is_status(status: &str) -> bool {
    !status.is_empty() && status.len() <= STATUS_BYTES_MAX
}

pub fn number_of(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|integer| integer as f64))
}

fn text_of(value: &Dynamic) -> Option<ImmutableString> {
    value.as_immutable_string_ref().ok().map(|text| text.clone())
}

const SHAPE: &str = "a rule ends with #{ status: \"...\", confidence: 0.0 to 1.0 } or verdict(\"...\", 0.0 to 1.0)";

fn checked(verdict: Verdict) -> Result<Verdict, Failure> {
    if !is_status(&verdict.status) {
        return Err(Failure::result(format!("the status has {} bytes; it must have 1 to {STATUS_BYTES_MAX}", verdict.status.len())));
    }
    if !is_confidence(verdict.confidence) {
        return Err(Failure::result(format!("the confidence is {}; it must lie between 0 and 1", verdict.confidence)));
    }
    Ok(verdict)
}

pub fn verdict_of(value: Dynamic) -> Result<Verdict, Failure> {
    if let Ok(map) = value.as_map_ref() {
        if let Some(key) = map.keys().find(|key| !matches!(key.as_str(), "status" | "confidence" | "explanation")) {
            return Err(Failure::result(format!("a verdict has no `{key}`: {SHAPE}")));
        }
        let status = map.get("status").and_then(text_of).ok_or_else(|| Failure::result(format!("the status is no text: {SHAPE}")))?;
        let confidence = map.get("confidence").and_then(number_of).ok_or_else(|| Failure::result(format!("the confidence is no number: {SHAPE}")))?;
        let explanation = match map.get("explanation") {
            None => None,
            Some(value) => Some(text_of(value).ok_or_else(|| Failure::result("the explanation is no text"))?),
        };
        return checked(Verdict { status, confidence, explanation });
    }
    let type_name = value.type_name();
    match value.try_cast::<Verdict>() {
        Some(verdict) => checked(verdict),
        None => Err(Failure::result(format!("the rule ended with {}: {SHAPE}", plain_type(type_name)))),
    }
}

fn plain_type(type_name: &str) -> &str {
    match type_name {
        "()" => "nothing",
        "f64" => "a number",
        "i64" => "an integer",
        "bool" => "true or false",
        "string" => "a text",
        "array" => "an array",
        other => other,
    }
}

/// The innermost cause: where a function fails, the line inside the function is the one to look at.
pub fn failure_of(error: &EvalAltResult) -> Failure {
    let mut error = error;
    while let EvalAltResult::ErrorInFunctionCall(_, _, inner, _) = error {
        error = inner;
    }
    let position = error.position();
    let kind = match error {
        EvalAltResult::ErrorTerminated(reason, _) if reason.as_bool().unwrap_or(false) => FailureKind::Time,
        EvalAltResult::ErrorTerminated(..) | EvalAltResult::ErrorTooManyOperations(_) => FailureKind::Operations,
        EvalAltResult::ErrorDataTooLarge(..) | EvalAltResult::ErrorTooManyVariables(_) | EvalAltResult::ErrorStackOverflow(_) => FailureKind::Size,
        _ => FailureKind::Runtime,
    };
    let message = match error {
        EvalAltResult::ErrorTerminated(..) | EvalAltResult::ErrorTooManyOperations(_) if kind == FailureKind::Time => "the rule ran longer than its time limit".into(),
        EvalAltResult::ErrorTerminated(..) | EvalAltResult::ErrorTooManyOperations(_) => "the rule ran more operations than its limit: is there a loop without an end?".into(),
        EvalAltResult::ErrorRuntime(value, _) => format!("the rule threw: {value}"),
        other => {
            let mut bare = other.clone_without_position();
            if bare.is_empty() {
                bare.push_str("unknown error");
            }
            bare
        }
    };
    Failure { kind, position, message }
}

/// Rhai's own words end with their position, which the outcome already carries as numbers.
trait WithoutPosition {
    fn clone_without_position(&self) -> String;
}

impl WithoutPosition for EvalAltResult {
    fn clone_without_position(&self) -> String {
        let words = self.to_string();
        match words.rfind(" (line ") {
            Some(at) if words.ends_with(')') => words[..at].to_owned(),
            _ => words,
        }
    }
}
