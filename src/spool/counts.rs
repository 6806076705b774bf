//! What became of the samples that came.

use std::ops::AddAssign;

/// How many samples there are, and how many were left out because another of their time came first. Each is counted within its window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that are there: numbers and native histograms.
    pub samples: u64,
    /// Native histograms among them.
    pub histograms: u64,
    /// Those among them that came after one of a later time.
    pub out_of_order: u64,
    /// Those that were left out because the same value had come for their time.
    pub duplicates: u64,
    /// Those that were left out because another value had.
    pub conflicting: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.samples += other.samples;
        self.histograms += other.histograms;
        self.out_of_order += other.out_of_order;
        self.duplicates += other.duplicates;
        self.conflicting += other.conflicting;
    }
}
