//! Scores attribution: how often each method names the traffic that an increase was put into.
//!
//! Traffic is made up: seven dimensions, some of which follow from others as they do in an estate, sizes that differ by
//! orders of magnitude, noise. Seeds are fixed, so the figures are the same on every machine, but for the times.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use outflow::reason::causes::{Leaf, Parameters, causes};

/// The dimensions, the broadest first.
const DIMENSIONS: usize = 7;
const TEAM: usize = 0;
const SERVICE: usize = 1;
const INTERFACE: usize = 2;
const DESTINATION: usize = 3;
const REGION: usize = 4;
const PORT: usize = 5;
const PATH: usize = 6;
/// How many elements each has.
const ELEMENTS: [u64; DIMENSIONS] = [8, 30, 150, 60, 10, 12, 5];
/// How many conversations an hour has.
const LEAVES: u64 = 3_000;
/// And for the time that very many take.
const LEAVES_LARGE: u64 = 400_000;
/// A hit: what is named and what is true have more than this part in common, of the bytes of both.
const HIT: f64 = 0.8;
/// Cases of each kind.
const CASES: u64 = 300;
const CASES_SHORT: u64 = 20;

/// What is put into the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A cause that is one element.
    One,
    /// A cause that is two elements of two dimensions.
    Pair,
    /// Two causes of either kind.
    Two,
    /// Nothing: everything rises alike.
    Broad,
}

/// An hour of traffic and the truth about it.
#[derive(Clone, Debug, Default)]
struct Case {
    leaves: Vec<Leaf>,
    /// Leaves of the causes.
    truth: BTreeSet<usize>,
}

/// An attribution method: the leaves that it names.
type Method = fn(&[Leaf]) -> Vec<usize>;

const METHODS: [(&str, Method); 5] = [
    ("top single contributor", top_contributor),
    ("largest contribution and change of it (ThirdEye)", contribution),
    ("Adtributor", adtributor),
    ("outflow, up to 2 dimensions", |leaves| ours(leaves, 2)),
    ("**outflow, up to 3 dimensions**", |leaves| ours(leaves, 3)),
];

/// The section, in Markdown.
pub(crate) fn section(is_short: bool) -> String {
    let cases = if is_short { CASES_SHORT } else { CASES };
    let made = |kind, seed: u64| (0..cases).map(move |case| generate(kind, LEAVES, seed + case));
    let kinds = [(Kind::One, 1_000), (Kind::Pair, 2_000), (Kind::Two, 3_000), (Kind::Broad, 4_000)];
    let sets: Vec<(Kind, Vec<Case>)> =
        kinds.into_iter().map(|(kind, seed)| (kind, made(kind, seed).collect())).collect();
    let mut text = format!("### Causes\n\n{cases} cases of each kind, up to {LEAVES} conversations each:\n\n");
    text.push_str("| method | one cause | of 1 dimension | of 2 | two causes | none, named none | ms |\n");
    text.push_str("|---|---|---|---|---|---|---|\n");
    for (name, method) in METHODS {
        let scored: BTreeMap<Kind, (u64, Duration)> =
            sets.iter().map(|(kind, cases)| (*kind, score(cases, method))).collect();
        let rate = |kinds: &[Kind]| {
            kinds.iter().map(|kind| scored[kind].0).sum::<u64>() as f64 / (cases * kinds.len() as u64) as f64
        };
        let [both, one, pair, two, broad] = [
            rate(&[Kind::One, Kind::Pair]),
            rate(&[Kind::One]),
            rate(&[Kind::Pair]),
            rate(&[Kind::Two]),
            rate(&[Kind::Broad]),
        ];
        let time = scored.values().map(|(_, time)| *time).sum::<Duration>().as_secs_f64();
        let time = time * 1e3 / (cases * 4) as f64;
        let _ = writeln!(text, "| {name} | {both:.3} | {one:.3} | {pair:.3} | {two:.3} | {broad:.3} | {time:.1} |");
    }
    let large = generate(Kind::Two, LEAVES_LARGE, 5_000);
    let (_, time) = score(std::slice::from_ref(&large), METHODS[METHODS.len() - 1].1);
    let _ = writeln!(text, "\n{} conversations take {:.0} ms.", large.leaves.len(), time.as_secs_f64() * 1e3);
    text
}

/// How many cases a method hits, and how long it takes.
fn score(cases: &[Case], method: Method) -> (u64, Duration) {
    let start = Instant::now();
    let named: Vec<BTreeSet<usize>> = cases.iter().map(|case| method(&case.leaves).into_iter().collect()).collect();
    let time = start.elapsed();
    (cases.iter().zip(named).map(|(case, named)| u64::from(is_hit(case, &named))).sum(), time)
}

/// Whether what is named and what is true are nearly the same bytes.
fn is_hit(case: &Case, named: &BTreeSet<usize>) -> bool {
    if case.truth.is_empty() {
        return named.is_empty();
    }
    let volume = |leaves: &mut dyn Iterator<Item = &usize>| -> f64 {
        leaves.map(|leaf| case.leaves[*leaf].real.max(case.leaves[*leaf].pred)).sum()
    };
    volume(&mut case.truth.intersection(named)) > HIT * volume(&mut case.truth.union(named))
}

fn ours(leaves: &[Leaf], dimensions_max: usize) -> Vec<usize> {
    let found = causes(leaves, &Parameters { dimensions_max, ..Parameters::default() });
    found.causes.into_iter().flat_map(|cause| cause.leaves).collect()
}

// The other methods.

/// Real and expected by element of a dimension.
fn sums(leaves: &[Leaf], dimension: usize) -> BTreeMap<u32, [f64; 2]> {
    let mut sums: BTreeMap<u32, [f64; 2]> = BTreeMap::new();
    for leaf in leaves {
        let sum = sums.entry(leaf.elements[dimension]).or_default();
        *sum = [sum[0] + leaf.real, sum[1] + leaf.pred];
    }
    sums
}

fn totals(leaves: &[Leaf]) -> [f64; 2] {
    leaves.iter().fold([0.0; 2], |[real, pred], leaf| [real + leaf.real, pred + leaf.pred])
}

fn of_elements(leaves: &[Leaf], dimension: usize, elements: &BTreeSet<u32>) -> Vec<usize> {
    (0..leaves.len()).filter(|leaf| elements.contains(&leaves[*leaf].elements[dimension])).collect()
}

/// The leaves of the one element, of any dimension, with the highest mark.
fn highest(leaves: &[Leaf], mark: impl Fn([f64; 2]) -> f64) -> Vec<usize> {
    let of_dimension =
        |dimension| sums(leaves, dimension).into_iter().map(move |(element, sum)| (dimension, element, sum));
    let all = (0..DIMENSIONS).flat_map(of_dimension);
    let best = all.max_by(|one, other| mark(one.2).total_cmp(&mark(other.2)));
    best.map(|(dimension, element, _)| of_elements(leaves, dimension, &[element].into())).unwrap_or_default()
}

/// The element that rose most.
fn top_contributor(leaves: &[Leaf]) -> Vec<usize> {
    highest(leaves, |[real, pred]| real - pred)
}

/// ThirdEye's simple cost: the part of the overall change, and by how much its part of the whole changed.
fn contribution(leaves: &[Leaf]) -> Vec<usize> {
    let [real, pred] = totals(leaves);
    highest(leaves, |sum| ((sum[0] - sum[1]) / (real - pred)).abs() + (sum[0] / real - sum[1] / pred).abs())
}

/// Adtributor (NSDI 2014): in each dimension the most surprising elements that explain enough, and of the dimensions the
/// most surprising one.
fn adtributor(leaves: &[Leaf]) -> Vec<usize> {
    const ELEMENT_MIN: f64 = 0.1;
    const ENOUGH: f64 = 0.67;
    let [real, pred] = totals(leaves);
    let mut best: (f64, Vec<usize>) = (0.0, Vec::new());
    for dimension in 0..DIMENSIONS {
        let surprise = |sum: [f64; 2]| {
            let (p, q) = (sum[1] / pred, sum[0] / real);
            let part = |of: f64| if of > 0.0 { of * (2.0 * of / (p + q)).ln() } else { 0.0 };
            0.5 * (part(p) + part(q))
        };
        let marked = sums(leaves, dimension).into_iter();
        let mut elements: Vec<_> =
            marked.map(|(element, sum)| (surprise(sum), (sum[0] - sum[1]) / (real - pred), element)).collect();
        elements.sort_by(|one, other| other.0.total_cmp(&one.0));
        let (mut explained, mut surprise, mut taken) = (0.0, 0.0, BTreeSet::new());
        for (surprising, share, element) in elements.into_iter().filter(|element| element.1 > ELEMENT_MIN) {
            (explained, surprise) = (explained + share, surprise + surprising);
            taken.insert(element);
            if explained > ENOUGH {
                break;
            }
        }
        if explained > ENOUGH && surprise > best.0 {
            best = (surprise, of_elements(leaves, dimension, &taken));
        }
    }
    best.1
}

// The generator.

/// SplitMix64: small, and the same everywhere.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number below another.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * ((self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }

    fn normal(&mut self) -> f64 {
        let (one, other) = (self.between(f64::MIN_POSITIVE, 1.0), self.between(0.0, std::f64::consts::TAU));
        (-2.0 * one.ln()).sqrt() * other.cos()
    }

    /// A number below another; the lower the more often.
    fn often_low(&mut self, end: u64) -> u64 {
        self.below(end).min(self.below(end))
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(usize::try_from(self.below(of.len() as u64)).ok()?).copied()
    }
}

/// The elements that follow from an interface and a destination; a port and a path mostly do, too.
fn elements(interface: u64, destination: u64, random: &mut Random) -> Vec<u32> {
    let service = mixed(interface, 1) % ELEMENTS[SERVICE];
    let rare = |random: &mut Random| random.below(10) == 0;
    let port = if rare(random) { random.next() } else { mixed(destination, 2) } % ELEMENTS[PORT];
    let path = if rare(random) { random.next() } else { mixed(destination, 3) } % ELEMENTS[PATH];
    let team = mixed(service, 4) % ELEMENTS[TEAM];
    let region = mixed(destination, 5) % ELEMENTS[REGION];
    [team, service, interface, destination, region, port, path].map(|code| u32::try_from(code).unwrap_or(0)).into()
}

/// A number that looks random and follows from another.
fn mixed(number: u64, salt: u64) -> u64 {
    Random(number.wrapping_mul(1_000).wrapping_add(salt)).next()
}

fn generate(kind: Kind, leaves: u64, seed: u64) -> Case {
    let mut random = Random(seed);
    let mut sizes: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
    for _ in 0..leaves {
        let (interface, destination) = (random.often_low(ELEMENTS[INTERFACE]), random.often_low(ELEMENTS[DESTINATION]));
        let elements = elements(interface, destination, &mut random);
        *sizes.entry(elements).or_default() += 1e6 * (1.8 * random.normal()).exp();
    }
    let noise = random.between(0.05, 0.35);
    let leaf = |(elements, pred): (Vec<u32>, f64)| Leaf {
        elements,
        pred,
        real: pred * (1.0 + noise * random.normal()).max(0.0),
    };
    let mut case = Case { leaves: sizes.into_iter().map(leaf).collect(), truth: BTreeSet::new() };
    let whole = totals(&case.leaves)[1];
    let increase = whole * random.between(0.3, 1.5);
    match kind {
        Kind::One | Kind::Pair => case.put(kind, increase, &mut random),
        Kind::Two => {
            let part = random.between(0.4, 0.6);
            for part in [part, 1.0 - part] {
                let kind = if random.below(2) == 0 { Kind::One } else { Kind::Pair };
                case.put(kind, increase * part, &mut random);
            }
        }
        Kind::Broad => case.leaves.iter_mut().for_each(|leaf| leaf.real *= 1.0 + increase / whole),
    }
    case
}

/// Dimensions that a cause may be described by where it is new.
const OWN_SIDE: [usize; 3] = [TEAM, SERVICE, INTERFACE];
const OTHER_SIDE: [usize; 3] = [DESTINATION, REGION, PORT];

impl Case {
    /// Puts an increase into some traffic: what is there grows, or new traffic comes.
    fn put(&mut self, kind: Kind, increase: f64, random: &mut Random) {
        if random.below(2) == 0 { self.grow(kind, increase, random) } else { self.come(kind, increase, random) }
    }

    /// The leaves with some elements.
    fn of(&self, elements: &[(usize, u32)]) -> Vec<usize> {
        let has = |leaf: &Leaf| elements.iter().all(|(dimension, element)| leaf.elements[*dimension] == *element);
        (0..self.leaves.len()).filter(|leaf| has(&self.leaves[*leaf])).collect()
    }

    fn volume(&self, leaves: &[usize]) -> f64 {
        leaves.iter().map(|leaf| self.leaves[*leaf].pred).sum()
    }

    /// Some of what is there grows: neither next to nothing nor most of it, and of two dimensions both narrow it down.
    fn grow(&mut self, kind: Kind, increase: f64, random: &mut Random) {
        let whole = totals(&self.leaves)[1];
        loop {
            let Some(leaf) = random.pick(&(0..self.leaves.len()).collect::<Vec<_>>()) else { return };
            let mut dimensions: Vec<usize> = (0..DIMENSIONS).collect();
            while dimensions.len() > if kind == Kind::One { 1 } else { 2 } {
                dimensions.remove(usize::try_from(random.below(dimensions.len() as u64)).unwrap_or(0));
            }
            let elements: Vec<_> = dimensions.iter().map(|at| (*at, self.leaves[leaf].elements[*at])).collect();
            let leaves = self.of(&elements);
            let volume = self.volume(&leaves);
            let is_narrower = |element: &(usize, u32)| volume < 0.9 * self.volume(&self.of(&[*element]));
            if (0.01..0.3).contains(&(volume / whole)) && (kind == Kind::One || elements.iter().all(is_narrower)) {
                for leaf in leaves {
                    let Leaf { real, pred, .. } = &mut self.leaves[leaf];
                    *real += *pred * increase / volume * random.between(0.7, 1.3);
                    self.truth.insert(leaf);
                }
                return;
            }
        }
    }

    /// New traffic comes: to or from an element that was not there, or between two that were, but not together.
    fn come(&mut self, kind: Kind, increase: f64, random: &mut Random) {
        let mut pick = |of: &[usize]| random.pick(of).unwrap_or(INTERFACE);
        let shown: Vec<(usize, u32)> = if kind == Kind::One {
            let dimension = pick(&[INTERFACE, DESTINATION, PORT]);
            vec![(dimension, u32::try_from(1_000 + self.truth.len()).unwrap_or(u32::MAX))]
        } else {
            let dimensions = [pick(&OWN_SIDE), pick(&OTHER_SIDE)];
            let any = |random: &mut Random| usize::try_from(random.below(self.leaves.len() as u64)).unwrap_or(0);
            let apart = (0..10_000).map(|_| dimensions.map(|at| (at, self.leaves[any(random)].elements[at])));
            let Some(shown) = { apart }.find(|shown| self.of(shown).is_empty()) else {
                return self.come(kind, increase, random);
            };
            shown.into()
        };
        let parts: Vec<f64> = (0..=random.below(20)).map(|_| random.normal().exp()).collect();
        let whole: f64 = parts.iter().sum();
        for part in parts {
            let elements = self.new_elements(&shown, random);
            self.truth.insert(self.leaves.len());
            self.leaves.push(Leaf { elements, real: increase * part / whole, pred: 0.0 });
        }
    }

    /// Elements of new traffic: the given ones, and others that go with them.
    fn new_elements(&self, shown: &[(usize, u32)], random: &mut Random) -> Vec<u32> {
        let mut of_side = |side: &[usize]| {
            let of: Vec<_> = shown.iter().copied().filter(|(dimension, _)| side.contains(dimension)).collect();
            let known = self.of(&of);
            let leaf = random.pick(&if known.is_empty() { self.of(&[]) } else { known }).unwrap_or(0);
            self.leaves[leaf].elements.clone()
        };
        let (own, other) = (of_side(&OWN_SIDE), of_side(&[DESTINATION, REGION, PORT, PATH]));
        let mut elements = [&own[..=INTERFACE], &other[DESTINATION..]].concat();
        shown.iter().for_each(|(dimension, element)| elements[*dimension] = *element);
        elements
    }
}
