//! Numbers that look random and are the same on every machine: whole numbers only, no floating-point library.

/// The factor 1, as [`Random::factor`] gives it.
pub(crate) const ONE: u64 = 4096;

/// A stream of numbers that is a function of a seed and a purpose (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    /// The stream of a seed for one purpose: a world, a file.
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        let mut start = Self(seed);
        Self(start.next() ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// The same, for the small numbers of ports and seconds.
    pub(crate) fn below_small(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// A place in a list of `length`.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// True in so many of a thousand cases.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.below_small(1000) < per_mille
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.place(list.len())]
    }

    /// Lower-case hexadecimal digits, as AWS's ids have.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from(*self.pick(b"0123456789abcdef"))).collect()
    }

    /// About lognormal: a power of two with the median `2^(median_bits / 4)` and a spread of 2.25 bits.
    pub(crate) fn lognormal(&mut self, median_bits: i64) -> u64 {
        let exponent = median_bits * 1024 + self.normal() * 9 / 4;
        power_of_two(exponent) >> 12
    }

    /// A factor near 1, in parts of [`ONE`]: about lognormal, with a spread of so many thousandths.
    pub(crate) fn factor(&mut self, spread_per_mille: i64) -> u64 {
        // A spread of a thousandth is 5.909 of 4096ths of a bit.
        let exponent = self.normal() * spread_per_mille / 1000 * 5909 / 4096;
        power_of_two(12 * 4096 + exponent) >> 12
    }

    /// Near a normal distribution of spread 4096: the sum of twelve 12-bit numbers.
    fn normal(&mut self) -> i64 {
        let sum: u64 = (0..3).map(|_| self.next()).flat_map(|bits| [0, 12, 24, 36].map(|at| bits >> at & 0xfff)).sum();
        i64::try_from(sum).unwrap_or(0) - 24_570
    }
}

/// Two to the power of so many 4096ths, in 4096ths; between two whole powers the curve is a straight line.
fn power_of_two(exponent: i64) -> u64 {
    let exponent = u64::try_from(exponent).unwrap_or(0);
    (4096 + exponent % 4096) << (exponent / 4096).min(24)
}

/// Ranks drawn by Zipf's law with an offset: rank `i` weighs `1 / (i + offset)`. Walker's alias method in integers: a
/// draw is two look-ups for any number of ranks.
pub(crate) struct Ranks {
    /// For each rank: up to where a draw in `0..total` means the rank itself, and the rank it means above that.
    cells: Vec<(u64, u32)>,
    total: u64,
}

impl Ranks {
    /// The ranks below `count`; a greater offset makes them more alike.
    pub(crate) fn new(count: u32, offset: u64) -> Self {
        let weights: Vec<u64> = (0..u64::from(count)).map(|rank| (1 << 40) / (rank + offset)).collect();
        let total: u64 = weights.iter().sum();
        let mut cells: Vec<(u64, u32)> =
            weights.iter().zip(0..).map(|(w, rank)| (w * u64::from(count), rank)).collect();
        let (mut rich, mut poor): (Vec<_>, Vec<_>) = (0..count).partition(|rank| cells[*rank as usize].0 >= total);
        while let (Some(giver), Some(taker)) = (rich.pop(), poor.pop()) {
            cells[taker as usize].1 = giver;
            let kept = cells[giver as usize].0 - (total - cells[taker as usize].0);
            cells[giver as usize].0 = kept;
            if kept >= total { rich.push(giver) } else { poor.push(giver) }
        }
        Self { cells, total }
    }

    /// A rank, low ones often.
    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let rank = random.place(self.cells.len());
        let (own, other) = self.cells[rank];
        if random.below(self.total) < own { rank } else { other as usize }
    }
}
