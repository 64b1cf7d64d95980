use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where the numbers of a usual run begin.
const SEED: u64 = 12;

/// Numbers that one seed makes the same again ("xorshift64*", Vigna, 2014).
pub(crate) struct Random(u64);

impl Random {
    /// The usual run always takes the same numbers. Its long form, which this variable asks for, takes others each time, and says
    /// which: `WORKSHOP_SEED` repeats them.
    pub(crate) fn seed(long_form: &str) -> u64 {
        let seed = std::env::var("WORKSHOP_SEED").map(|text| text.parse().expect("WORKSHOP_SEED is a number"));
        let seed = seed.unwrap_or_else(|_| match std::env::var_os(long_form) {
            Some(_) => SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs(),
            None => SEED,
        });
        eprintln!("WORKSHOP_SEED={seed} repeats these numbers");
        seed
    }

    /// Of one of the sequences that a seed has.
    pub(crate) fn new(seed: u64, sequence: u64) -> Self {
        // Never 0, from which no number follows.
        Self(seed.wrapping_add(sequence).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        u32::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32).expect("32 bits")
    }

    /// Less than this.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).expect("32 bits fit") % end
    }

    /// A part of a time.
    pub(crate) fn part_of(&mut self, time: Duration) -> Duration {
        time.mul_f64(f64::from(self.next()) / f64::from(u32::MAX))
    }
}
