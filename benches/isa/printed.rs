//! What Mesa prints of a kernel: statistics, and the disassembly, whose loops are found by branches that go back.

use std::collections::{BTreeMap, HashMap};

/// Instructions by what carries them out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All but those that only wait or hint.
    pub all: usize,
    /// Issue slots of vector arithmetic: one an instruction, four where products of 32 bits or roots are made.
    pub vector: usize,
    /// Workgroup memory.
    pub shared: usize,
    /// Buffers, and spilled registers.
    pub memory: usize,
    /// Scalar arithmetic, branches, and loads that all lanes share.
    pub scalar: usize,
}

/// A loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// Its place in the tree: 1.3 is the third loop in the first one; empty for what is in none.
    pub place: Vec<usize>,
    /// Instructions that are in no loop within it.
    pub own: Counts,
}

/// A compiled kernel.
#[derive(Debug)]
pub struct Compiled {
    /// Vector registers of a lane.
    pub registers: u64,
    /// Vector and scalar registers that went to memory.
    pub spilled: [u64; 2],
    /// Bytes of workgroup memory.
    pub shared: u64,
    /// Lanes of a subgroup.
    pub lanes: u64,
    /// What is in no loop, and then every loop, outer ones first.
    pub loops: Vec<Loop>,
}

/// Instructions of four slots.
const SLOW: [&str; 9] = [
    "v_mul_lo_u32",
    "v_mul_hi",
    "v_mad_u64",
    "v_mad_i64",
    "v_rcp",
    "v_sqrt",
    "v_rsq",
    "v_exp",
    "v_log",
];

/// Instructions that carry nothing out.
const IDLE: [&str; 6] = [
    "s_waitcnt",
    "s_nop",
    "s_code_end",
    "s_inst_prefetch",
    "s_clause",
    "s_delay",
];

impl Counts {
    fn add(&mut self, instruction: &str) {
        let starts = |with: &[&str]| with.iter().any(|start| instruction.starts_with(start));
        if starts(&IDLE) {
            return;
        }
        self.all += 1;
        match instruction {
            _ if starts(&SLOW) => self.vector += 4,
            _ if starts(&["v_"]) => self.vector += 1,
            _ if starts(&["ds_"]) => self.shared += 1,
            _ if starts(&["s_"]) => self.scalar += 1,
            _ => self.memory += 1,
        }
    }
}

impl Compiled {
    /// Reads what was printed of one kernel.
    pub fn read(text: &str) -> Result<Self, String> {
        let (_, behind) = text
            .rsplit_once("\ndisasm:\n")
            .ok_or("no disassembly was printed")?;
        let (code, statistics) = behind
            .split_once("*** SHADER STATS ***")
            .ok_or("no statistics were printed")?;
        let statistics: HashMap<_, _> = statistics
            .lines()
            .filter_map(|line| line.split_once(": "))
            .collect();
        let number = |name: &str| -> Result<u64, String> {
            let value = statistics
                .get(name)
                .ok_or(format!("no {name} was printed"))?;
            value.trim().parse().map_err(|_| format!("{name}: {value}"))
        };
        Ok(Self {
            registers: number("VGPRs")?,
            spilled: [number("Spilled VGPRs")?, number("Spilled SGPRs")?],
            shared: number("LDS size")?,
            lanes: if code.contains("exec_lo") { 32 } else { 64 },
            loops: loops(code),
        })
    }

    /// All instructions.
    pub fn instructions(&self) -> usize {
        self.loops.iter().map(|each| each.own.all).sum()
    }
}

/// The loops of a disassembly: the span from a label to the last branch that goes back to it.
fn loops(code: &str) -> Vec<Loop> {
    let mut labels = HashMap::new();
    let mut instructions = Vec::new();
    for line in code.lines() {
        match line.strip_prefix('\t') {
            Some(instruction) => {
                instructions.push(instruction.split(';').next().unwrap_or_default());
            }
            None => {
                if let Some((label, _)) = line.split_once(':') {
                    labels.insert(label, instructions.len());
                }
            }
        }
    }
    // By their heads, so that outer loops come before those within.
    let mut spans: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, instruction) in instructions.iter().enumerate() {
        if !instruction.starts_with("s_cbranch") && !instruction.starts_with("s_branch") {
            continue;
        }
        let head = instruction
            .split_whitespace()
            .last()
            .and_then(|to| labels.get(to));
        if let Some(&head) = head.filter(|&&head| head <= at) {
            let end = spans.entry(head).or_insert(at);
            *end = at.max(*end);
        }
    }
    let mut found = vec![Loop {
        place: Vec::new(),
        own: Counts::default(),
    }];
    // The loops that are open, by their index in `found`, with where they end.
    let mut open = vec![(0, usize::MAX)];
    let mut within = vec![0];
    for (at, instruction) in instructions.iter().enumerate() {
        if let Some(&end) = spans.get(&at) {
            let (outer, _) = open[open.len() - 1];
            within[outer] += 1;
            let place = [&found[outer].place[..], &[within[outer]]].concat();
            open.push((found.len(), end));
            within.push(0);
            found.push(Loop {
                place,
                own: Counts::default(),
            });
        }
        let (innermost, _) = open[open.len() - 1];
        found[innermost].own.add(instruction);
        open.retain(|&(_, end)| end > at);
    }
    found
}

/// Two loops, one in the other, in a kernel as Mesa 22.3 prints it.
const SAMPLE: &str = "BB0:
\tv_mov_b32 v0, 0                          ; 7e000280
BB1:
\ts_waitcnt lgkmcnt(0)                     ; bf89fc07
\tv_mul_lo_u32 v1, v0, v0                  ; d72c0001
BB2:
\tds_load_b32 v2, v1                       ; d8d80000
\tv_cmp_lt_u32 vcc, v0, v2                 ; 7c920500
\ts_cbranch_vccnz BB2                      ; bfa4fffc
\tbuffer_load_b32 v3, v0, s[0:3], 0 offen  ; e0500000
\ts_cbranch_scc1 BB4                       ; bfa20001
\ts_branch BB1                             ; bfa0fff8
BB4:
\ts_and_saveexec_b64 s[4:5], vcc           ; be84216a
\ts_endpgm                                 ; bfb00000
";

/// Reads a sample, and fails where that goes wrong.
pub fn check() {
    let statistics = "VGPRs: 24\nSpilled SGPRs: 1\nSpilled VGPRs: 2\nLDS size: 512\n";
    let text = format!("NIR\ndisasm:\n{SAMPLE}\n*** SHADER STATS ***\n{statistics}");
    let kernel = Compiled::read(&text).expect("a sample that is whole");
    assert_eq!(
        (
            kernel.registers,
            kernel.spilled,
            kernel.shared,
            kernel.lanes
        ),
        (24, [2, 1], 512, 64)
    );
    let counted = |place: &[usize], [all, vector, shared, memory, scalar]: [usize; 5]| Loop {
        place: place.to_vec(),
        own: Counts {
            all,
            vector,
            shared,
            memory,
            scalar,
        },
    };
    let loops = [
        counted(&[], [3, 1, 0, 0, 2]),
        counted(&[1], [4, 4, 0, 1, 2]),
        counted(&[1, 1], [3, 1, 1, 0, 1]),
    ];
    assert_eq!(kernel.loops, loops);
    assert_eq!(kernel.instructions(), 10);
    for cut in ["VGPRs: 24", "disasm:", "*** SHADER STATS ***"] {
        assert!(Compiled::read(&text.replace(cut, "")).is_err(), "{cut}");
    }
}
