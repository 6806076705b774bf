//! What a plan costs in money: by prices that the operator gives, and in no other way. Everything is counted in whole billionths, and rounded
//! once for each line, so that a person who adds the lines up comes to the sum.

use std::fmt;
use std::str::FromStr;

use super::estimate::Estimate;
use super::requests::Requests;
use super::review::Review;
use crate::error::{Error, Result};
use crate::plan::Outlook;
use crate::yaml::{self, Fields, Node, Unknown};

/// What a provider asks for, as the operator says.
#[derive(Debug, Clone)]
pub struct Prices {
    /// Such as `USD`: it is shown, and means nothing here.
    currency: String,
    source: Side,
    target: Side,
}

#[derive(Debug, Clone)]
struct Side {
    per_1000_requests: PerKind,
    storage_per_gib_month: Price,
    /// For what leaves the source through this machine.
    egress_per_gib: Price,
    /// What is put is paid for so long at least.
    minimum_storage_days: u64,
}

#[derive(Debug, Clone)]
struct PerKind {
    list: Price,
    get: Price,
    put: Price,
    copy: Price,
    delete: Price,
}

/// An amount of money that is not negative, in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Price(u64);

const BILLIONTHS: u64 = 1_000_000_000;
const PLACES: usize = 9;
/// Nobody asks for more.
const HIGHEST: u64 = 1_000_000;
/// The longest time is about a hundred years.
const MOST_DAYS: u64 = 36_500;
/// A month of storage has so many days here.
const DAYS_OF_A_MONTH: u64 = 30;
const GIB: i128 = 1 << 30;

/// A sum of money in hundredths, which may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cents(i128);

/// One line of a bill.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// What is paid for.
    pub(crate) name: &'static str,
    /// In numbers: what is multiplied with what.
    pub(crate) formula: String,
    pub(crate) amount: Cents,
}

/// What a plan costs.
#[derive(Debug)]
pub struct Bill {
    pub(crate) currency: String,
    /// What is paid once, and the sum.
    pub(crate) once: (Vec<Line>, Cents),
    /// What each month costs more or less from then on, and the sum.
    pub(crate) monthly: (Vec<Line>, Cents),
    /// What storing costs at least, though it be deleted sooner. It is part of the months.
    pub(crate) at_least: Option<Line>,
}

impl Prices {
    /// Reads YAML. Refused is what is not known, what is given twice, and what is missing but for `minimum_storage_days`: nothing has a price of
    /// which the operator does not know.
    pub fn parse(text: &str) -> Result<Self> {
        let Some(document) = yaml::parse_only(text)? else {
            return Err(Error::usage(
                "it is empty: expected currency, source and target",
            ));
        };
        let mut fields = document.fields("", Unknown::Refuse)?;
        let currency = fields.string("currency")?.unwrap_or_default();
        if currency.is_empty() || currency.len() > 8 || !currency.chars().all(char::is_alphanumeric)
        {
            return Err(Error::usage("currency: expected a short word such as USD"));
        }
        let source = Side::parse(required(&mut fields, "source", "source")?, "source")?;
        let target = Side::parse(required(&mut fields, "target", "target")?, "target")?;
        fields.finish()?;
        Ok(Self {
            currency,
            source,
            target,
        })
    }
}

impl Side {
    fn parse(node: &Node, at: &str) -> Result<Self> {
        let mut fields = node.fields(at, Unknown::Refuse)?;
        let requests = required(&mut fields, "per_1000_requests", at)?;
        let side = Self {
            per_1000_requests: PerKind::parse(requests, &format!("{at}.per_1000_requests"))?,
            storage_per_gib_month: price(&mut fields, "storage_per_gib_month", at)?,
            egress_per_gib: match at {
                "source" => price(&mut fields, "egress_per_gib", at)?,
                _ => Price(0),
            },
            minimum_storage_days: match at {
                "target" => fields.u64("minimum_storage_days")?.unwrap_or_default(),
                _ => 0,
            },
        };
        fields.finish()?;
        if side.minimum_storage_days > MOST_DAYS {
            return Err(Error::usage(format!(
                "{at}.minimum_storage_days: expected at most {MOST_DAYS}"
            )));
        }
        Ok(side)
    }
}

impl PerKind {
    fn parse(node: &Node, at: &str) -> Result<Self> {
        let mut fields = node.fields(at, Unknown::Refuse)?;
        let prices = Self {
            list: price(&mut fields, "list", at)?,
            get: price(&mut fields, "get", at)?,
            put: price(&mut fields, "put", at)?,
            copy: price(&mut fields, "copy", at)?,
            delete: price(&mut fields, "delete", at)?,
        };
        fields.finish()?;
        Ok(prices)
    }
}

fn required<'a>(fields: &mut Fields<'a>, key: &'static str, at: &str) -> Result<&'a Node> {
    let missing = || Error::usage(format!("{at}: {key} is missing"));
    fields.take(key).ok_or_else(missing)
}

fn price(fields: &mut Fields<'_>, key: &'static str, at: &str) -> Result<Price> {
    let node = required(fields, key, at)?;
    let wrong =
        |why: &dyn fmt::Display| Error::usage(format!("line {}: {at}.{key}: {why}", node.line()));
    let text = node.string().map_err(|err| wrong(&err))?;
    text.parse().map_err(|why: &str| wrong(&why))
}

impl FromStr for Price {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        const WRONG: &str =
            "expected a price such as 0.0004, of at most 9 decimal places and below 1000000";
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let is_number =
            |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
        if !is_number(whole) || !is_number(places) || places.len() > PLACES {
            return Err(WRONG);
        }
        let whole = whole.parse().ok().filter(|whole| *whole < HIGHEST);
        let whole: u64 = whole.ok_or(WRONG)?;
        let places: u64 = format!("{places:0<PLACES$}").parse().map_err(|_| WRONG)?;
        Ok(Self(whole * BILLIONTHS + places))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = format!("{:09}", self.0 % BILLIONTHS);
        let places = places.trim_end_matches('0');
        write!(f, "{}.{places:0<2}", self.0 / BILLIONTHS)
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl Cents {
    /// So many billionths, halves away from zero.
    fn of(billionths: i128) -> Self {
        const CENT: i128 = 10_000_000;
        let half = if billionths < 0 { -CENT / 2 } else { CENT / 2 };
        Self((billionths + half) / CENT)
    }

    fn sum(lines: &[Line]) -> Self {
        Self(lines.iter().map(|line| line.amount.0).sum())
    }
}

impl Bill {
    /// Of a plan that costs this.
    #[must_use]
    pub fn of(review: &Review<'_>, estimate: &Estimate, prices: &Prices) -> Self {
        let asked = &estimate.asked;
        let mut once = requests(SOURCE, &asked.source, &prices.source.per_1000_requests);
        once.extend(requests(
            TARGET,
            &asked.target,
            &prices.target.per_1000_requests,
        ));
        let egress = prices.source.egress_per_gib;
        once.push(of_bytes("source egress", estimate.bytes_here, egress, ""));
        let put = estimate.bytes_to_put();
        let (source, target) = (
            prices.source.storage_per_gib_month,
            prices.target.storage_per_gib_month,
        );
        let monthly = vec![
            of_bytes("target storage", put, target, ""),
            of_bytes("source storage", marked_bytes(review), source, "-"),
        ];
        let days = prices.target.minimum_storage_days;
        let at_least = (days > 0).then(|| {
            let billionths =
                (i128::from(put) * i128::from(target.0)).saturating_mul(i128::from(days));
            Line {
                name: "target minimum",
                formula: format!("{put} bytes / 2^30 x {target} x {days} days / {DAYS_OF_A_MONTH}"),
                amount: Cents::of(billionths / GIB / i128::from(DAYS_OF_A_MONTH)),
            }
        });
        let sums = (Cents::sum(&once), Cents::sum(&monthly));
        Self {
            currency: prices.currency.clone(),
            once: (once, sums.0),
            monthly: (monthly, sums.1),
            at_least,
        }
    }
}

const SOURCE: [&str; 5] = [
    "source list",
    "source get",
    "source put",
    "source copy",
    "source delete",
];
const TARGET: [&str; 5] = [
    "target list",
    "target get",
    "target put",
    "target copy",
    "target delete",
];

/// A line for each kind of which there are some.
fn requests(names: [&'static str; 5], asked: &Requests, prices: &PerKind) -> Vec<Line> {
    let kinds = [
        (asked.list, prices.list),
        (asked.get, prices.get),
        (asked.put, prices.put),
        (asked.copy, prices.copy),
        (asked.delete, prices.delete),
    ];
    let lines = names.into_iter().zip(kinds);
    let lines = lines.filter(|(_, (many, _))| *many > 0);
    let lines = lines.map(|(name, (many, price))| Line {
        name,
        formula: format!("{many} requests / 1000 x {price}"),
        amount: Cents::of(i128::from(many) * i128::from(price.0) / 1000),
    });
    lines.collect()
}

fn of_bytes(name: &'static str, bytes: u64, price: Price, sign: &str) -> Line {
    let billionths = i128::from(bytes) * i128::from(price.0) / GIB;
    Line {
        name,
        formula: format!("{sign}{bytes} bytes / 2^30 x {price}"),
        amount: Cents::of(if sign.is_empty() {
            billionths
        } else {
            -billionths
        }),
    }
}

/// What the source no longer stores once its compactor has deleted the blocks that the run marks.
fn marked_bytes(review: &Review<'_>) -> u64 {
    let blocks = review.blocks.iter();
    let marked = blocks.filter(|block| {
        let selected = block.selected;
        let waits = matches!(selected.outlook, Outlook::MarkDeferred(_));
        selected.goes_ahead() && !waits && !selected.bears_a_mark()
    });
    marked.fold(0, |sum, block| sum.saturating_add(block.size.bytes))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::outcome::Carrier;
    use crate::outcome::testing::{World, block};

    const PRICES: &str = "
currency: USD
source:
  per_1000_requests: {list: 5, get: 0.4, put: 5, copy: 5, delete: 0}
  storage_per_gib_month: 0.023
  egress_per_gib: 0.09
target:
  per_1000_requests: {list: 10, get: 10, put: 20, copy: 20, delete: 0}
  storage_per_gib_month: 0.0125
  minimum_storage_days: 90
";

    /// S-17.10
    #[test]
    fn a_bill_can_be_added_up_by_hand() {
        // One block of exactly 1 GiB: 2 objects and meta.json, in 66 parts.
        let world = World::of([block(1)]);
        let plan = world.plan();
        let review = Review::new(&plan, &world.rules, None);
        let estimate = Estimate::of(&review, Carrier::Here, None);
        let bill = Bill::of(&review, &estimate, &Prices::parse(PRICES).unwrap());
        let lines = |lines: &[Line]| {
            let lines = lines.iter();
            let lines =
                lines.map(|line| format!("{}: {} = {}", line.name, line.formula, line.amount));
            lines.collect::<Vec<_>>()
        };
        assert_eq!(
            lines(&bill.once.0),
            [
                "source list: 3 requests / 1000 x 5.00 = 0.02",
                "source get: 68 requests / 1000 x 0.40 = 0.03",
                "source put: 1 requests / 1000 x 5.00 = 0.01",
                "target list: 3 requests / 1000 x 10.00 = 0.03",
                "target put: 71 requests / 1000 x 20.00 = 1.42",
                "source egress: 1073741824 bytes / 2^30 x 0.09 = 0.09",
            ]
        );
        assert_eq!(bill.once.1.to_string(), "1.60");
        assert_eq!(
            lines(&bill.monthly.0),
            [
                "target storage: 1073741824 bytes / 2^30 x 0.0125 = 0.01",
                "source storage: -1073741824 bytes / 2^30 x 0.023 = -0.02",
            ]
        );
        assert_eq!(bill.monthly.1.to_string(), "-0.01");
        assert_eq!(
            lines(bill.at_least.as_slice()),
            ["target minimum: 1073741824 bytes / 2^30 x 0.0125 x 90 days / 30 = 0.04"]
        );
    }

    /// S-17.10
    #[test]
    fn prices_that_are_not_all_there_are_refused_in_one_line() {
        for (from, to, words) in [
            ("currency: USD", "", "currency: expected"),
            ("currency: USD", "currency: 'U\\nS'", "currency: expected"),
            ("list: 5, ", "", "source.per_1000_requests: list is missing"),
            (
                "get: 0.4",
                "get: -0.4",
                "source.per_1000_requests.get: expected a price",
            ),
            ("get: 0.4", "get: 4e-1", "expected a price"),
            ("get: 0.4", "get: 0.1234567890", "at most 9 decimal places"),
            ("get: 0.4", "get: 1000000", "below 1000000"),
            ("get: 0.4", "get: .nan", "expected a price"),
            ("get: 0.4", "get: [1]", "source.per_1000_requests.get"),
            ("get: 0.4", "get: 0.4, head: 1", "unknown key"),
            ("  egress_per_gib: 0.09\n", "", "egress_per_gib is missing"),
            (
                "storage_per_gib_month: 0.0125",
                "storage: 1",
                "storage_per_gib_month is missing",
            ),
            ("days: 90", "days: -1", "minimum_storage_days"),
            ("days: 90", "days: 99999999", "at most 36500"),
            ("target:", "destination:", "target is missing"),
            (
                "currency: USD",
                "currency: USD\ncurrency: EUR",
                "given twice",
            ),
        ] {
            let text = PRICES.replacen(from, to, 1);
            assert_ne!(text, PRICES);
            let err = Prices::parse(&text).unwrap_err().to_string();
            assert!(err.contains(words), "{words}: {err}");
            assert_eq!(err.lines().count(), 1);
        }
        assert!(Prices::parse("").is_err());
        assert!(Prices::parse(&PRICES.replace("  minimum_storage_days: 90\n", "")).is_ok());
    }

    #[test]
    fn cents_are_rounded_once_and_halves_go_away_from_zero() {
        for (billionths, expected) in [
            (0, "0.00"),
            (4_999_999, "0.00"),
            (5_000_000, "0.01"),
            (-5_000_000, "-0.01"),
            (123_456_789_000, "123.46"),
            (-100_000_000_000, "-100.00"),
        ] {
            assert_eq!(Cents::of(billionths).to_string(), expected);
        }
        for (text, expected) in [("0", "0.00"), ("0.0004", "0.0004"), ("12.5", "12.50")] {
            assert_eq!(text.parse::<Price>().unwrap().to_string(), expected);
        }
    }
}
