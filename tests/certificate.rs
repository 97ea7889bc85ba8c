//! Certificates: searches of all kinds are certified and checked; planted faults are refused, each with its reason.
//!
//! Faults are planted in the content, which is read and sealed here by the description of the file alone.

use crate::asked::{Aim, Asked};
use crate::bound::Case;
use crate::tables::{Draw, integers};
use kcorrset::certificate::{Certificate, CheckError, FormatError, VERSION, Walked, can_certify};
use kcorrset::combin::Quotas;
use kcorrset::engine::bound::{BoundEngine, NODES};
use kcorrset::engine::{Token, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::report::{Finished, Proof, Search, Whole};
use kcorrset::search::{self, Outcome};
use kcorrset::stats::Criterion;
use kcorrset::synth::{Model, Spec, matrix};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A search with its certificate.
struct Certified {
    search: Search,
    bytes: Vec<u8>,
}

/// What a search is in a document.
fn document(asked: &Asked<'_>, outcome: &Outcome) -> Search {
    let nodes = outcome.took.iter().find(|(name, _)| *name == NODES);
    Search::of(&Finished {
        query: &asked.query,
        part: &asked.part,
        best: &outcome.best,
        defined: None,
        audit: &outcome.audit,
        proof: nodes.map(|&(_, nodes)| {
            Proof::Whole(Whole {
                visited: outcome.visited,
                excluded: outcome.excluded.clone(),
                nodes,
            })
        }),
        elapsed: outcome.elapsed,
    })
}

/// Searches and certifies; `None` where the engine refuses.
fn certify(engine: &BoundEngine, asked: &Asked<'_>) -> Option<Certified> {
    let mut outcome = search::run(engine, &asked.query, &asked.part, &Watch::new()).ok()?;
    let recorded = outcome.recorded.take().unwrap();
    let search = document(asked, &outcome);
    let certificate = Certificate::new(
        asked.query.source().fingerprint(),
        search.query.clone(),
        asked.query.space().order().len(),
        whole(&search),
        recorded,
    );
    let bytes = certificate.write().unwrap();
    Some(Certified { search, bytes })
}

fn check(bytes: &[u8], asked: &Asked<'_>, search: &Search) -> Result<Walked, CheckError> {
    let certificate = Certificate::read(bytes).unwrap();
    certificate.check(&asked.query, search, &|_| true)
}

/// A file taken apart.
#[derive(Clone, PartialEq)]
struct Parts {
    header: Value,
    multipliers: Vec<f32>,
    tokens: Vec<Token>,
}

impl Parts {
    fn of(bytes: &[u8]) -> Self {
        let rest = bytes.strip_prefix(b"kcorrset certificate 1\n").unwrap();
        let rest = &rest[..rest.len() - 32];
        let block = |bytes: &[u8]| u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: Value = serde_json::from_slice(&rest[8..8 + block(rest)]).unwrap();
        let rest = &rest[8 + block(rest)..];
        let n = header["questions"].as_u64().unwrap() as usize;
        let count = match header["products"].as_u64().unwrap() {
            2 => n + n * (n - 1) / 2,
            _ => n + n * (n - 1) + n * n,
        };
        let (multipliers, rest) = rest.split_at(4 * count);
        let multipliers = multipliers.chunks(4);
        let tape = &rest[8..];
        assert_eq!(tape.len(), block(rest));
        let mut at = 0;
        let mut tokens = Vec::new();
        while at < tape.len() {
            tokens.push(Token::read(tape, &mut at).unwrap());
        }
        Self {
            header,
            multipliers: multipliers
                .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
                .collect(),
            tokens,
        }
    }

    fn sealed(&self) -> Vec<u8> {
        let header = self.header.to_string();
        let mut tape = Vec::new();
        self.tokens.iter().for_each(|token| token.write(&mut tape));
        let mut bytes = b"kcorrset certificate 1\n".to_vec();
        bytes.extend((header.len() as u64).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(self.multipliers.iter().flat_map(|z| z.to_le_bytes()));
        bytes.extend((tape.len() as u64).to_le_bytes());
        bytes.extend(tape);
        let digest = Sha256::digest(&bytes);
        bytes.extend(digest);
        bytes
    }

    /// Where the first token of this kind stands.
    fn find(&self, is: impl Fn(&Token) -> bool) -> usize {
        self.tokens.iter().position(is).unwrap()
    }

    /// Where the node that begins at `at` ends.
    fn end(&self, mut at: usize) -> usize {
        let mut nodes = 1;
        while nodes > 0 {
            match self.tokens[at] {
                Token::Drop(_) | Token::Fix(_) | Token::Again => {}
                Token::Branch(_) => nodes += 1,
                Token::Prune | Token::Leaf | Token::Empty => nodes -= 1,
            }
            at += 1;
        }
        at
    }
}

/// Scores driven by one trait, with noise; some tables have questions that repeat others, oppose them or are
/// constant.
fn driven(users: usize, questions: usize, high: i64, seed: u64, odd: bool) -> ResponseMatrix {
    let mut draw = Draw::new(seed);
    let traits: Vec<i64> = (0..users).map(|_| draw.between(0, 100)).collect();
    let mut columns: Vec<Vec<i64>> = (0..questions)
        .map(|q| {
            let steep = 20 + 60 * q as i64 / questions as i64;
            let score = |&t: &i64| {
                let level = steep * t + (100 - steep) * draw.between(0, 100);
                (level * (high + 1) / 10_001).clamp(0, high)
            };
            traits.iter().map(score).collect()
        })
        .collect();
    if odd {
        columns[1] = columns[questions - 1].clone();
        columns[2] = columns[questions - 2].clone();
        columns[3] = columns[questions - 1].iter().map(|s| high - s).collect();
        columns[4].fill(1);
    }
    integers(users, questions, |u, q| Some(columns[q][u]))
}

/// The proof of a search that has one.
fn whole(search: &Search) -> Whole {
    match search.proof.clone() {
        Some(Proof::Whole(whole)) => whole,
        other => panic!("{other:?}"),
    }
}

#[test]
fn certificates_of_searches_of_many_kinds_are_checked() {
    let engine = BoundEngine::new(2).unwrap().recording();
    let column = |matrix: &ResponseMatrix| {
        let totals = matrix.totals().iter();
        let number = |(u, &total): (usize, &i64)| i128::from(total) * 3 + (u as i128 * 7) % 40;
        totals.enumerate().map(number).collect()
    };
    let likert = driven(200, 36, 4, 1, false);
    let odd = driven(150, 34, 4, 2, true);
    let few = driven(20, 36, 1, 3, false);
    let wide = driven(90, 34, 1_000_000_000, 4, false);
    let binary = driven(300, 40, 1, 5, false);
    // Hard enough that all four products of bounds are taken.
    let hard = matrix(&Spec {
        users: 60,
        questions: 60,
        answered: 1.0,
        scores: 0..=1,
        model: Model::RASCH,
        booklets: 0,
        seed: 3,
    });
    let hard = hard.unwrap();
    let groups = |questions: usize, wanted| {
        Some(Quotas::new(
            (0..questions).map(|q| (q % 4).checked_sub(1)).collect(),
            wanted,
        ))
    };
    let with = Aim {
        include: vec![5, 20],
        exclude: vec![0, 29],
        ..Aim::default()
    };
    let balanced = Aim {
        quotas: groups(36, vec![2..=3, 1..=1, 3..=9]),
        ..Aim::default()
    };
    let rest_balanced = Aim {
        quotas: groups(34, vec![1..=2, 2..=2, 0..=4]),
        ..Aim::of(Criterion::Rest)
    };
    let given = Aim {
        numbers: column(&odd),
        ..Aim::of(Criterion::Column)
    };
    let bounded = Aim {
        level: Some(0.9),
        ..Aim::default()
    };
    let cases = [
        (&likert, Aim::default(), 8, 1),
        (&likert, with, 9, 20),
        (&likert, balanced, 9, 5),
        (&odd, Aim::default(), 9, 20),
        (&odd, given, 8, 5),
        (&few, Aim::default(), 7, 10),
        (&few, bounded, 7, 3),
        (&wide, Aim::of(Criterion::Mean), 9, 3),
        (&binary, Aim::default(), 10, 20),
        (&binary, Aim::of(Criterion::Rest), 9, 5),
        (&odd, rest_balanced, 8, 4),
        (&likert, Aim::of(Criterion::Rest), 12, 1),
        (&hard, Aim::default(), 9, 3),
    ];
    let (mut four, mut proved) = (0, 0);
    for (number, (matrix, aim, k, top)) in cases.iter().enumerate() {
        let asked = aim.ask(matrix, *k, *top, 2);
        let Certified { search, bytes } = certify(&engine, &asked).unwrap();
        let proof = whole(&search);
        proved += usize::from(proof.excluded != 0);
        let walked = check(&bytes, &asked, &search);
        let walked = walked.unwrap_or_else(|error| panic!("case {number}: {error}"));
        assert_eq!(walked.nodes, proof.nodes);
        assert_eq!(walked.visited.to_string(), proof.visited.to_string());
        assert_eq!(walked.excluded.to_string(), proof.excluded.to_string());
        let parts = Parts::of(&bytes);
        assert!(Parts::of(&parts.sealed()) == parts);
        four += usize::from(parts.header["products"] == 4);
    }
    assert!(four > 0 && proved > 9, "{four} {proved}");
}

#[test]
fn certificates_of_any_question_to_any_complete_table_are_checked() {
    let engines = [1, 2].map(|threads| BoundEngine::new(threads).unwrap().recording());
    let (mut checked, mut proved, mut blurred) = (0, 0, 0);
    for seed in 0..900 {
        let case = Case::new(seed);
        let Some(asked) = case.ask() else { continue };
        if can_certify(&asked.query.fitted(127)).is_err() {
            blurred += 1;
            continue;
        }
        let Some(Certified { search, bytes }) = certify(&engines[seed as usize % 2], &asked) else {
            continue;
        };
        if let Err(error) = check(&bytes, &asked, &search) {
            panic!("case {seed}: {error}\n{:?}", case.aim);
        }
        checked += 1;
        proved += usize::from(whole(&search).excluded != 0);
    }
    assert!(
        checked > 250 && proved > 30 && blurred > 10,
        "{checked} {proved} {blurred}"
    );
}

/// The table that faults are planted in the certificate of.
fn planted() -> ResponseMatrix {
    driven(200, 30, 4, 1, false)
}

#[test]
fn planted_faults_are_refused() {
    let engine = BoundEngine::new(1).unwrap().recording();
    let matrix = planted();
    let aim = Aim::default();
    let asked = aim.ask(&matrix, 9, 4, 2);
    let Certified { search, bytes } = certify(&engine, &asked).unwrap();
    assert!(check(&bytes, &asked, &search).is_ok());
    let right = Parts::of(&bytes);
    let n = matrix.questions().len();
    let last_leaf = right.tokens.iter().rposition(|token| *token == Token::Leaf);
    let last_leaf = last_leaf.unwrap();
    type Fault<'a> = &'a dyn Fn(&mut Parts);
    let branch = right.find(|token| matches!(token, Token::Branch(_)));
    let Token::Branch(parted) = right.tokens[branch] else {
        unreachable!()
    };
    let dropped = right.find(|token| matches!(token, Token::Drop(_)));
    let Token::Drop(question) = right.tokens[dropped] else {
        unreachable!()
    };
    let faults: &[(&str, &str, Fault)] = &[
        (
            "a lost subtree",
            "does not exclude the sets with",
            &|parts| {
                let end = parts.end(branch + 1);
                parts.tokens.splice(branch..end, [Token::Drop(parted)]);
            },
        ),
        (
            "the other subtree lost",
            "does not exclude the sets without",
            &|parts| {
                let with = parts.end(branch + 1);
                let end = parts.end(with);
                parts.tokens.drain(with..end);
                parts.tokens[branch] = Token::Fix(parted);
            },
        ),
        (
            "a subtree that is cut off",
            "its bound is not below 0",
            &|parts| {
                let end = parts.end(branch + 1);
                parts.tokens.splice(branch + 1..end, [Token::Prune]);
            },
        ),
        (
            "the whole tree cut off",
            "its bound is not below 0",
            &|parts| {
                parts.tokens = vec![Token::Prune];
            },
        ),
        (
            "a drop for a fix",
            "does not exclude the sets without",
            &|parts| {
                parts.tokens[dropped] = Token::Fix(question);
            },
        ),
        (
            "a drop of another question",
            "does not exclude the sets with",
            &|parts| {
                // The best set's, all of which are open there.
                let best = &search.results[0].questions;
                let of = |name: &String| name[1..].parse::<usize>().unwrap();
                parts.tokens.insert(0, Token::Drop(of(&best[0])));
            },
        ),
        (
            "a question that is not open",
            "is not open there",
            &|parts| {
                parts.tokens.insert(dropped + 1, Token::Drop(question));
            },
        ),
        (
            "a question that there is not",
            "question 30 of the space is not open",
            &|parts| {
                parts.tokens.insert(0, Token::Drop(30));
            },
        ),
        (
            "sets that are said not to be there",
            "has sets, and is said",
            &|parts| {
                parts.tokens[last_leaf] = Token::Empty;
            },
        ),
        (
            "a tree that ends early",
            "the tree ends too early",
            &|parts| {
                parts.tokens.pop();
            },
        ),
        (
            "a tree that goes on",
            "1 bytes of the tree are behind its end",
            &|parts| {
                parts.tokens.push(Token::Prune);
            },
        ),
        ("no tree", "the tree ends too early", &|parts| {
            parts.tokens.clear();
        }),
        ("another number of nodes", "nodes, and", &|parts| {
            parts.tokens.insert(0, Token::Again);
        }),
        (
            "a floor above the list",
            "above the r of the last",
            &|parts| {
                let floor = search.results[3].r.next_up();
                parts.header["floor"] = format!("{:016x}", floor.to_bits()).into();
            },
        ),
        ("a negative floor", "or no number above 0", &|parts| {
            parts.header["floor"] = format!("{:016x}", (-0.5_f64).to_bits()).into();
        }),
        (
            "a floor that is no number",
            "or no number above 0",
            &|parts| {
                parts.header["floor"] = format!("{:016x}", f64::NAN.to_bits()).into();
            },
        ),
        ("a floor that is low", "its bound", &|parts| {
            parts.header["floor"] = format!("{:016x}", 0.5_f64.to_bits()).into();
        }),
        ("d too large", "positive semidefinite", &|parts| {
            parts.multipliers[7] += 0.5;
        }),
        ("N too large", "positive semidefinite", &|parts| {
            parts.multipliers[n + 100] += 3.0;
        }),
        ("N below 0", "a multiplier is below 0", &|parts| {
            parts.multipliers[n + 3] = -1e-6;
        }),
        (
            "a multiplier that is no number",
            "is no number, or too large",
            &|parts| {
                parts.multipliers[2] = f32::NAN;
            },
        ),
        (
            "a multiplier beyond all bounds",
            "is no number, or too large",
            &|parts| {
                parts.multipliers[n + 2] = 1e20;
            },
        ),
        ("no multipliers", "its bound", &|parts| {
            parts.multipliers.fill(0.0);
        }),
        (
            "another unit",
            "is not that of the table's variances",
            &|parts| {
                let power = parts.header["power"].as_i64().unwrap();
                parts.header["power"] = (power + 4).into();
            },
        ),
        (
            "an absurd unit",
            "is not that of the table's variances",
            &|parts| {
                parts.header["power"] = i32::MIN.into();
            },
        ),
        ("another query", "it is of another query", &|parts| {
            parts.header["query"]["min_users"] = 3.into();
        }),
        ("another table", "it is of another table", &|parts| {
            parts.header["fingerprint"] = "sha256:0".into();
        }),
        ("other counts", "it counts other sets", &|parts| {
            parts.header["proof"]["visited"] = "5".into();
        }),
    ];
    for (what, why, fault) in faults {
        let mut parts = right.clone();
        fault(&mut parts);
        match check(&parts.sealed(), &asked, &search) {
            Err(CheckError::Wrong(found)) => {
                assert!(found.contains(why), "{what}: {found}");
            }
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn a_listed_set_that_the_result_lacks_is_found() {
    let engine = BoundEngine::new(1).unwrap().recording();
    let matrix = planted();
    let aim = Aim::default();
    let asked = aim.ask(&matrix, 9, 5, 2);
    let Certified { search, bytes } = certify(&engine, &asked).unwrap();
    let fewer = aim.ask(&matrix, 9, 4, 2);
    for lost in 0..5 {
        let mut less = search.clone();
        less.query.top = 4;
        less.results.remove(lost);
        let mut parts = Parts::of(&bytes);
        parts.header["query"]["top"] = 4.into();
        let found = check(&parts.sealed(), &fewer, &less);
        if lost == 4 {
            // The four best are the list; the floor of five is only lower than it need be.
            assert!(found.is_ok(), "{found:?}");
            continue;
        }
        let Err(CheckError::Wrong(found)) = found else {
            panic!("{found:?}");
        };
        let names = search.results[lost].questions.join(", ");
        let want = format!("a set that belongs in the list is not in it: {names}");
        assert_eq!(found, want);
    }
    // A result that is cut short, in another order, or with a set twice.
    let results = &search.results;
    for (wrong, why) in [
        (results[..4].to_vec(), "4 sets are listed"),
        (
            [1, 0, 2, 3, 4].map(|i| results[i].clone()).to_vec(),
            "not in the order of r",
        ),
        (
            [0, 0, 2, 3, 4].map(|i| results[i].clone()).to_vec(),
            "not in the order of r",
        ),
    ] {
        let mut less = search.clone();
        less.results = wrong;
        let found = check(&bytes, &asked, &less).unwrap_err().to_string();
        assert!(found.contains(why), "{found}");
    }
}

#[test]
fn counts_that_do_not_add_up_are_found() {
    let engine = BoundEngine::new(1).unwrap().recording();
    let matrix = planted();
    let aim = Aim::default();
    let asked = aim.ask(&matrix, 9, 4, 2);
    let Certified { search, bytes } = certify(&engine, &asked).unwrap();
    let proof = whole(&search);
    let shifted = Whole {
        visited: proof.visited + 1,
        excluded: proof.excluded.without(1).unwrap(),
        ..proof.clone()
    };
    let longer = Whole {
        nodes: proof.nodes + 1,
        ..proof
    };
    for (wrong, why) in [(shifted, "sets visited and"), (longer, "nodes, and")] {
        let mut other = search.clone();
        other.proof = Some(Proof::Whole(wrong.clone()));
        let mut parts = Parts::of(&bytes);
        parts.header["proof"] = serde_json::to_value(wrong).unwrap();
        let found = check(&parts.sealed(), &asked, &other)
            .unwrap_err()
            .to_string();
        assert!(found.contains(why), "{found}");
    }
    // Another table, with the fingerprint forged.
    let other = driven(200, 30, 4, 77, false);
    let asked_of_other = aim.ask(&other, 9, 4, 2);
    let mut parts = Parts::of(&bytes);
    parts.header["fingerprint"] = other.fingerprint().into();
    let found = check(&parts.sealed(), &asked_of_other, &search);
    assert!(matches!(found, Err(CheckError::Wrong(_))), "{found:?}");
    // Who asks to stop is heeded.
    let certificate = Certificate::read(&bytes).unwrap();
    let stopped = certificate.check(&asked.query, &search, &|node| node < 5);
    assert_eq!(stopped, Err(CheckError::Stopped));
}

#[test]
fn a_proof_is_recorded_where_that_is_asked_for() {
    let matrix = planted();
    let aim = Aim::default();
    let asked = aim.ask(&matrix, 9, 4, 2);
    let plain = BoundEngine::new(1).unwrap();
    assert_eq!(asked.run(&plain, &Watch::new()).unwrap().recorded, None);
    let recording = plain.recording();
    let outcome = asked.run(&recording, &Watch::new()).unwrap();
    let recorded = outcome.recorded.unwrap();
    assert_eq!(outcome.took, [(NODES, recorded.nodes)]);
    assert!(recorded.floor <= outcome.best[3].correlation().r());
}

#[test]
fn a_file_with_any_byte_changed_is_refused() {
    let engine = BoundEngine::new(1).unwrap().recording();
    let matrix = planted();
    let aim = Aim::default();
    let asked = aim.ask(&matrix, 9, 4, 2);
    let Certified { bytes, .. } = certify(&engine, &asked).unwrap();
    let mut draw = Draw::new(1);
    let mut places: Vec<usize> = (0..40).collect();
    places.extend((0..200).map(|_| draw.below(bytes.len() as u64) as usize));
    places.extend(bytes.len() - 33..bytes.len());
    for at in places {
        let mut wrong = bytes.clone();
        wrong[at] ^= 1 << draw.below(8);
        let found = Certificate::read(&wrong).map(|_| ());
        let want = match at {
            0..21 => FormatError::Foreign,
            21 => {
                let version = String::from_utf8_lossy(&wrong[21..22]).into_owned();
                FormatError::Version {
                    found: version,
                    known: VERSION,
                }
            }
            22 => {
                assert!(matches!(
                    found,
                    Err(FormatError::Version { .. } | FormatError::Foreign)
                ));
                continue;
            }
            _ => FormatError::Digest,
        };
        assert_eq!(found, Err(want), "byte {at}");
    }
    for length in (0..bytes.len()).step_by(97) {
        assert!(Certificate::read(&bytes[..length]).is_err(), "{length}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(
        Certificate::read(&longer).map(|_| ()),
        Err(FormatError::Digest)
    );
}

#[test]
fn content_in_no_known_form_is_refused() {
    let engine = BoundEngine::new(1).unwrap().recording();
    let matrix = planted();
    let aim = Aim::default();
    let asked = aim.ask(&matrix, 9, 4, 2);
    let Certified { bytes, .. } = certify(&engine, &asked).unwrap();
    let right = Parts::of(&bytes);
    type Fault<'a> = &'a dyn Fn(&mut Parts);
    let faults: &[(&str, Fault)] = &[
        ("its header is none", &|parts| parts.header = Value::Null),
        ("unknown field `weights`", &|parts| {
            parts.header["weights"] = 1.into();
        }),
        ("its floor is no number", &|parts| {
            parts.header["floor"] = "much".into();
        }),
        ("it has 3 products", &|parts| {
            parts.header["products"] = 3.into();
        }),
        ("questions", &|parts| {
            parts.header["questions"] = 1_000_000_000_000_u64.into();
        }),
        ("it ends within the multipliers", &|parts| {
            parts.header["questions"] = 300.into();
        }),
    ];
    for (why, fault) in faults {
        let mut parts = right.clone();
        fault(&mut parts);
        let error = Certificate::read(&parts.sealed()).unwrap_err();
        assert!(matches!(error, FormatError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains(why), "{why}: {error}");
    }
    let mut longer = bytes[..bytes.len() - 32].to_vec();
    longer.extend([0; 3]);
    let digest = Sha256::digest(&longer);
    longer.extend(digest);
    let error = Certificate::read(&longer).unwrap_err().to_string();
    assert!(error.contains("3 bytes are behind its end"), "{error}");
}
