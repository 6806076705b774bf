//! What a query comes to.

use crate::samples::Labels;

/// What a query comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Series with one sample each.
    Vector(Vec<Series>),
    /// Series with samples over time.
    Matrix(Vec<Series>),
    /// One number.
    Scalar(Point),
    /// One text, at a time in milliseconds since the epoch.
    String {
        /// When.
        time_ms: i64,
        /// What.
        text: String,
    },
}

/// One series. A server may answer two of the same labels, though it should not.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its labels.
    pub labels: Labels,
    /// By time, and none twice.
    pub points: Vec<Point>,
}

/// One sample and its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// In milliseconds since the epoch.
    pub time_ms: i64,
    /// What was sampled.
    pub sample: Sample,
}

/// What was sampled.
#[derive(Debug, Clone, PartialEq)]
pub enum Sample {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Box<Histogram>),
}

/// A native histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// How many were observed.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// Those that hold any, in the server's order.
    pub buckets: Vec<Bucket>,
}

/// One bucket of a native histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Which ends belong to it.
    pub bounds: Bounds,
    /// Its lower end.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
    /// How many it holds.
    pub count: f64,
}

/// Which ends belong to a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounds {
    /// The upper one.
    OpenLeft,
    /// The lower one.
    OpenRight,
    /// None.
    Open,
    /// Both.
    Closed,
}

impl Data {
    /// `vector`, `matrix`, `scalar` or `string`, as the API spells it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Data::Vector(_) => "vector",
            Data::Matrix(_) => "matrix",
            Data::Scalar(_) => "scalar",
            Data::String { .. } => "string",
        }
    }

    /// The series; of what has none, an empty list.
    #[must_use]
    pub fn series(&self) -> &[Series] {
        match self {
            Data::Vector(series) | Data::Matrix(series) => series,
            Data::Scalar(_) | Data::String { .. } => &[],
        }
    }

    /// Whether it holds no sample at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Data::Vector(series) | Data::Matrix(series) => {
                series.iter().all(|series| series.points.is_empty())
            }
            Data::Scalar(_) | Data::String { .. } => false,
        }
    }
}
