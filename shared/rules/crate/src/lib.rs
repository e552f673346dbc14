//! Jidoka's rule engine: Rhai in WebAssembly behind a plain C interface.
//!
//! A rule is parsed (`compile`), bound to its declared fields and parameters (`bind`), checked (`types`, `result`),
//! optimised by Rhai, and, if it is loop-free and simple enough, lowered to a flat program over raw cells (`lower`,
//! `program`). `judge` judges rows with the program, block by block (`sheet`), or, where there is none or it cannot decide,
//! with Rhai itself.
//! `abi` is the only place that the host sees.

mod abi;
mod allocator;
mod bind;
mod chain;
mod chart;
mod compile;
mod constant_verdict;
mod declarations;
mod epsilon;
mod explain;
mod judge;
mod limits;
mod lower;
mod lower_value;
mod lower_switch;
mod machine;
mod number;
mod output;
mod problem;
mod program;
mod progress;
mod result;
mod row;
mod row_list;
mod rule;
mod sandbox;
mod sheet;
mod text_buffer;
mod texts;
mod types;
mod verdict;
