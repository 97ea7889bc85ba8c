// Lefts and numbers of sets from `binomials`. Needs prefixes.wgsl.

// C(Q - 1 - question, rest): what a question adds to the left of a set in which it and those behind it are
// `rest`; and, for `rest` behind it, how many ways there are to choose them.
fn choices(question: u32, rest: u32) -> vec4<u32> {
    return binomials[(rest - 1u) * params.row_entries + params.questions - question - rest];
}
