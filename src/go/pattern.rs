//! Go's regular expressions in Rust's engine: a pattern is read as Go reads it and written down so that it means the same here.
//!
//! Both engines take the same shape of pattern, and differ in what classes hold, what escapes mean, and what is an error. What Go refuses is
//! refused, and so is what cannot be honoured; nothing is evaluated to something else.

mod class;
mod names;

use regex::{Regex, RegexBuilder};

use class::{Posix, Scalar};

/// Whether a text matches a pattern, compiled as `compile` does; for comparing dialects.
pub fn matches(pattern: &str, text: &str) -> crate::Result<bool> {
    compile(pattern)
        .map(|regex| regex.is_match(text))
        .map_err(crate::Error::usage)
}

/// Whether Thanos can compile a pattern, be it one that [`compile`] cannot honour.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    translate(&anchored(pattern), For::Checking).map(drop)
}

/// Compiles a pattern as Thanos does, anchored at both ends: `^(?s:` and `)$` are put around it as text.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    build(&translate(&anchored(pattern), For::Matching)?)
}

/// Compiles a pattern as it is: it may match anywhere in a text, and its groups capture.
pub(crate) fn compile_capturing(pattern: &str) -> Result<Regex, String> {
    build(&translate(pattern, For::Capturing)?)
}

fn build(translated: &str) -> Result<Regex, String> {
    RegexBuilder::new(translated)
        .size_limit(64 << 20)
        .nest_limit(NESTED)
        .build()
        .map_err(|err| {
            // Most of the message shows the translated pattern, which the reader has never seen; the last line says what is wrong.
            let text = err.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        })
}

fn anchored(pattern: &str) -> String {
    format!("^(?s:{pattern})$")
}

/// Neither engine takes deeper patterns.
const NESTED: u32 = 1000;
const DEEPEST: usize = NESTED as usize;

/// Counted repetitions may not make more than so many copies, nested ones multiplied.
const MOST_COPIES: u32 = 1000;

/// What a translation is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// To be matched with: what cannot be honoured is refused.
    Matching,
    /// The same, and groups capture.
    Capturing,
    /// To find out whether Go refuses it, and no more.
    Checking,
}

fn translate(pattern: &str, purpose: For) -> Result<String, String> {
    let mut translation = Translation {
        rest: pattern,
        purpose,
        out: String::with_capacity(pattern.len() * 2),
        group: Group::default(),
        outer: Vec::new(),
        before: Before::Nothing,
        posix: Posix::default(),
    };
    while let Some(next) = translation.peek() {
        translation.step(next)?;
    }
    if !translation.outer.is_empty() {
        return Err("missing closing )".to_owned());
    }
    Ok(translation.out)
}

struct Translation<'a> {
    rest: &'a str,
    purpose: For,
    out: String,
    /// The innermost open group; the pattern as a whole is one too.
    group: Group,
    /// The groups around it.
    outer: Vec<Group>,
    before: Before,
    posix: Posix,
}

/// What stands right before the current position.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing that matters for what follows.
    Nothing,
    /// A repetition: Go knows no second one on top of it.
    Repetition,
    /// Something that matches nothing by itself: flags, or an empty quotation.
    Invisible,
}

/// A counted repetition, and those inside it.
struct Counted {
    copies: u32,
    inside: Vec<Counted>,
}

#[derive(Default)]
struct Group {
    /// Repetitions in everything but the last item.
    earlier: Vec<Counted>,
    /// Repetitions in the last item, if there is one to be repeated.
    last: Option<Vec<Counted>>,
}

impl Group {
    fn push(&mut self, item: Vec<Counted>) {
        self.end_item();
        self.last = Some(item);
    }

    fn end_item(&mut self) {
        self.earlier.extend(self.last.take().unwrap_or_default());
    }
}

impl Translation<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn step(&mut self, next: char) -> Result<(), String> {
        let before = std::mem::replace(&mut self.before, Before::Nothing);
        match next {
            '(' => self.open()?,
            ')' => self.close()?,
            '|' => {
                self.skip(1);
                self.out.push('|');
                self.group.end_item();
            }
            '^' | '$' | '.' => {
                self.skip(1);
                self.item(&next.to_string());
            }
            '[' => {
                let (class, rest) = class::bracketed(self.rest, &mut self.posix)?;
                self.rest = rest;
                self.item(&class);
            }
            '*' | '+' | '?' => {
                self.skip(1);
                self.repeat(&next.to_string(), None, before)?;
            }
            '{' => self.brace(before)?,
            '\\' => self.escape()?,
            other => {
                self.skip(other.len_utf8());
                self.item(&class::literal(other));
            }
        }
        Ok(())
    }

    fn begin_group(&mut self) -> Result<(), String> {
        if self.outer.len() >= DEEPEST {
            return Err("expression nests too deeply".to_owned());
        }
        self.outer.push(std::mem::take(&mut self.group));
        Ok(())
    }

    fn item(&mut self, text: &str) {
        self.out.push_str(text);
        self.group.push(Vec::new());
    }

    fn open(&mut self) -> Result<(), String> {
        if !self.rest.starts_with("(?") {
            self.skip(1);
            self.write_group("");
            return self.begin_group();
        }
        let name = self
            .rest
            .strip_prefix("(?P<")
            .or_else(|| self.rest.strip_prefix("(?<"));
        if let Some(name) = name {
            let (name, rest) = name
                .split_once('>')
                .ok_or_else(|| "invalid named capture".to_owned())?;
            let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if name.is_empty() || !name.bytes().all(word) {
                return Err("invalid named capture".to_owned());
            }
            self.rest = rest;
            self.write_group(name);
            return self.begin_group();
        }
        self.flags()
    }

    fn write_group(&mut self, name: &str) {
        match (self.purpose, name) {
            // Groups need no numbers where nothing is captured.
            (For::Matching | For::Checking, _) => self.out.push_str("(?:"),
            (For::Capturing, "") => self.out.push('('),
            (For::Capturing, name) => self.out.extend(["(?P<", name, ">"]),
        }
    }

    /// `(?i)` or `(?i-s:`; the last mention of a flag counts.
    fn flags(&mut self) -> Result<(), String> {
        let wrong = || "invalid or unsupported Perl syntax".to_owned();
        let mut flags: Vec<(char, bool)> = Vec::new();
        let mut on = true;
        let mut seen = false;
        for (position, letter) in self.rest.char_indices().skip(2) {
            match letter {
                'i' | 'm' | 's' | 'U' => {
                    flags.retain(|(flag, _)| *flag != letter);
                    flags.push((letter, on));
                    seen = true;
                }
                '-' if on => {
                    on = false;
                    seen = false;
                }
                ':' | ')' if on || seen => {
                    self.skip(position + 1);
                    return self.write_flags(&flags, letter);
                }
                _ => return Err(wrong()),
            }
        }
        Err(wrong())
    }

    fn write_flags(&mut self, flags: &[(char, bool)], end: char) -> Result<(), String> {
        let letters = |wanted: bool| {
            let letters = flags.iter().filter(|(_, on)| *on == wanted);
            letters.map(|(flag, _)| *flag).collect::<String>()
        };
        let (on, off) = (letters(true), letters(false));
        let dash = if off.is_empty() { "" } else { "-" };
        if end == ':' {
            self.begin_group()?;
        } else {
            self.before = Before::Invisible;
            if flags.is_empty() {
                return Ok(());
            }
        }
        for text in ["(?", &on, dash, &off] {
            self.out.push_str(text);
        }
        self.out.push(end);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        self.skip(1);
        let Some(around) = self.outer.pop() else {
            return Err("unexpected )".to_owned());
        };
        let mut group = std::mem::replace(&mut self.group, around);
        group.end_item();
        self.out.push(')');
        self.group.push(group.earlier);
        Ok(())
    }

    /// `{n}`, `{n,}` and `{n,m}` repeat; any other brace is a brace.
    fn brace(&mut self, before: Before) -> Result<(), String> {
        let Some((min, max, length)) = counts(self.rest) else {
            self.skip(1);
            self.item(&class::literal('{'));
            return Ok(());
        };
        let most = u64::from(MOST_COPIES);
        if min > most || max.is_some_and(|max| max > most || min > max) {
            return Err("invalid repeat count".to_owned());
        }
        let text = self.rest.get(..length).unwrap_or_default().to_owned();
        self.skip(length);
        let copies = u32::try_from(max.unwrap_or(min)).unwrap_or(u32::MAX);
        let checked = min >= 2 || max.is_some_and(|max| max >= 2);
        self.repeat(&text, Some((copies, checked)), before)
    }

    fn repeat(
        &mut self,
        text: &str,
        counted: Option<(u32, bool)>,
        before: Before,
    ) -> Result<(), String> {
        let lazy = self.rest.starts_with('?');
        if lazy {
            self.skip(1);
        }
        let Some(item) = self.group.last.take() else {
            return Err("missing argument to repetition operator".to_owned());
        };
        match before {
            Before::Nothing => {}
            Before::Repetition => return Err("invalid nested repetition operator".to_owned()),
            Before::Invisible if self.purpose == For::Checking => {}
            Before::Invisible => {
                return Err(
                    "a repetition after flags or an empty quotation is not supported".to_owned(),
                );
            }
        }
        let item = match counted {
            None => item,
            Some((copies, checked)) => {
                let counted = Counted {
                    copies,
                    inside: item,
                };
                if checked && !counted.fits(MOST_COPIES) {
                    return Err("invalid repeat count".to_owned());
                }
                vec![counted]
            }
        };
        self.group.last = Some(item);
        self.out.push_str(text);
        if lazy {
            self.out.push('?');
        }
        self.before = Before::Repetition;
        Ok(())
    }

    fn escape(&mut self) -> Result<(), String> {
        let after = self.rest.get(1..).unwrap_or_default();
        let simple = match after.chars().next() {
            Some('A') => Some("\\A"),
            Some('z') => Some("\\z"),
            Some('b') => Some("(?-u:\\b)"),
            Some('B') => Some("(?-u:\\B)"),
            _ => None,
        };
        if let Some(simple) = simple {
            self.skip(2);
            self.item(simple);
            return Ok(());
        }
        if let Some(quoted) = after.strip_prefix('Q') {
            let (literal, rest) = quoted.split_once("\\E").unwrap_or((quoted, ""));
            self.rest = rest;
            if literal.is_empty() {
                self.before = Before::Invisible;
            }
            for letter in literal.chars() {
                self.item(&class::literal(letter));
            }
            return Ok(());
        }
        if let Some((class, rest)) = class::named(self.rest)? {
            self.rest = rest;
            self.item(&class);
            return Ok(());
        }
        let (scalar, rest) = Scalar::escaped(self.rest)?;
        self.rest = rest;
        self.item(&scalar.alone());
        Ok(())
    }
}

impl Counted {
    /// Whether this and what is inside makes at most so many copies, divided as Go divides.
    fn fits(&self, most: u32) -> bool {
        if self.copies == 0 {
            return true;
        }
        if self.copies > most {
            return false;
        }
        let most = most / self.copies;
        self.inside.iter().all(|counted| counted.fits(most))
    }
}

/// The counts at the beginning of `text`, and how many bytes they take.
fn counts(text: &str) -> Option<(u64, Option<u64>, usize)> {
    let inner = text.strip_prefix('{')?;
    // No further than digits go: looking for the end of every brace would take quadratic time.
    let end = inner.find(|letter: char| !letter.is_ascii_digit() && letter != ',')?;
    let (inner, after) = inner.split_at(end);
    if !after.starts_with('}') {
        return None;
    }
    let (min, max) = match inner.split_once(',') {
        None => {
            let min = number(inner)?;
            (min, Some(min))
        }
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    Some((min, max, inner.len() + 2))
}

/// Digits without a leading zero; numbers that are far too big stay too big.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 1 || !digits.starts_with('0'));
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}
