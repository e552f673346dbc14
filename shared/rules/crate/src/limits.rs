//! Limits as the host hands them over. Why each has its value is said once, in `src/limits.ts` of the host.

#[derive(Clone, Copy)]
pub struct Limits {
    pub operations_max: u32,
    pub time_ms_max: u32,
    pub call_levels_max: u32,
    pub expression_depth_max: u32,
    pub function_expression_depth_max: u32,
    pub string_bytes_max: u32,
    pub array_items_max: u32,
    pub map_items_max: u32,
    pub variables_max: u32,
    pub functions_max: u32,
    pub source_bytes_max: u32,
    pub tokens_max: u32,
    pub switch_cases_max: u32,
    pub runaways_max: u32,
    pub explanation_bytes_max: u32,
}

impl Limits {
    /// The words in the order of the fields above; None if their number differs (host and module do not belong together).
    pub fn from_words(words: &[u32]) -> Option<Self> {
        let &[operations_max, time_ms_max, call_levels_max, expression_depth_max, function_expression_depth_max, string_bytes_max, array_items_max, map_items_max, variables_max, functions_max, source_bytes_max, tokens_max, switch_cases_max, runaways_max, explanation_bytes_max] =
            words
        else {
            return None;
        };
        Some(Self {
            operations_max,
            time_ms_max,
            call_levels_max,
            expression_depth_max,
            function_expression_depth_max,
            string_bytes_max,
            array_items_max,
            map_items_max,
            variables_max,
            functions_max,
            source_bytes_max,
            tokens_max,
            switch_cases_max,
            runaways_max,
            explanation_bytes_max,
        })
    }
}
