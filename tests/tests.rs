//! The one integration binary: each module tests one promise or one room.

mod agreement; // every engine against the oracle, over the grid of tables
mod asked; // a search as tests ask for it, and engines with a planted fault
mod audit; // planted faults that the audit catches, and its closed form against brute force
mod beyond; // more sets than 128 bits number: proofs, counts, refusals, planted faults
mod bound; // the bound engine against the CPU engine on small tables of all kinds, refusals, planted faults
mod bound_parts; // the bound engine on parts, the floor handed on: lists of the definition, refusals, planted faults
mod certificate; // certificates of searches of all kinds, checked; planted faults in them, each refused; every byte
mod cli; // the real binary: stdout, stderr, exit code
mod cli_bench; // the bench of proofs: which tables are for which engine, what is said of a proof, refusals
mod cli_bound; // the bound engine as typed: the results of another engine, its proof in every form, refusals, auto
mod cli_certificate; // certificates as typed: written, checked, damaged, refused
mod cli_describe; // describe: its forms, figures and refusals
mod cli_lengths; // several K in one search: its forms, its refusals, its check
mod cli_manual; // completions and manual pages name every command
mod cli_output; // where its results go: never over the table that they are made from
mod cli_pieces; // sessions and parts as typed: stopped, killed, gone on with; divided, merged; refusals
mod cli_plan; // plan: a line for each K and engine, its JSON form, refusals, warnings
mod cli_question; // what sets are ranked by and which: criteria, bounds, constraints, and their check
mod cli_slurm; // the script for Slurm: its text, its refusals, and what it does on a cluster that kills tasks
mod cli_status; // lines of status for programs, and an answer to SIGUSR1
mod cli_stop; // Ctrl-C: what was found so far, on stderr alone
mod criteria; // criteria, bounds, constraints on every engine against the oracle, with planted faults
mod discards; // the running check of discards, on every engine, and planted faults that it catches
mod gpu; // the GPU engine on a real adapter: tiles, ranks beyond 64 bits, planted faults
mod gpu_complete; // its pipeline for complete tables: sets above floors, widths, ranks, faults
mod gpu_criteria; // every criterion on every GPU variant, against the oracle
mod gpu_digits; // its tables of many digits: packed in steps, every criterion on every pipeline
mod gpu_discards; // wrong discards planted in each GPU variant, caught by known answers and by the running check
mod gpu_grid; // every GPU variant over the grid of tables, and that every one is reached
mod gpu_levels; // its levels pipeline: deep K, ranges that cut prefixes, small frontiers, planted faults
mod gpu_projected; // its projected pipeline: every variant, stems cut by chunks, planted faults
mod gram; // the CPU engine's cross-product regimes against the oracle
mod halves; // sets of five and more by halves, over several blocks of lanes, against the plain walk
mod input; // every fault of a table has its message; forms and packings agree; no mutation panics
#[cfg(all(feature = "parquet", feature = "xlsx"))]
mod input_binary; // Parquet and workbooks: the same table as CSV, every type, every refusal; no mutation panics
mod input_codes; // what cells stand for, encodings, what is said of a table that looks wrong, files beside it
mod input_storm; // no mutation of any other kind of table panics or hangs
mod input_wide; // wide tables: the same table as the long form, and every refusal
mod pieces; // sessions and parts: cut off anywhere, split and merged, changed in a byte or by hand, disks that fail
mod properties; // what must not change when a table is changed in a known way
mod readme; // what the README shows is what the program prints
mod setup; // scripts/setup names a Rust that is too old
mod shaders; // every shader parses and validates without a device; layouts agree
mod spaces; // any space on every engine: fixed questions, pools in any order, parts
mod synth; // generated tables: counts, shares, models, and what is written reads back
mod tables; // the grid of tables
mod tidy; // layers, headers and sizes of the source files
