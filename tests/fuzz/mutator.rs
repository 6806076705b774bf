//! Makes new inputs out of old ones by structure-aware mutation. It is not coverage-guided: what it finds, it finds by its corpus, its
//! tokens and its numbers, for instrumented builds do not fit into `cargo test`.

/// A sequence of inputs that depends on its seed alone.
pub struct Mutator {
    state: u64,
    tokens: &'static [&'static str],
}

/// No input is longer.
pub const LONGEST: usize = 4 << 20;

/// Numbers at which parsers stumble.
const NUMBERS: [&str; 16] = [
    "0",
    "-0",
    "-1",
    "1e400",
    "1e-400",
    "0x7f",
    "0.1",
    "255",
    "65536",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
];

/// Pairs that nest, and single characters that mean something to somebody.
const PAIRS: [(&str, &str); 7] = [
    ("[", "]"),
    ("{\"a\":", "}"),
    ("(", ")"),
    ("{a: ", "}"),
    ("(?:", "){0,1}"),
    ("- ", ""),
    ("&a [", "]"),
];
const STRANGE: [&str; 18] = [
    "\0",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{9b}",
    "\u{202e}",
    "\u{2028}",
    "\u{feff}",
    "\u{10ffff}",
    "é",
    "\r\n",
    "\n",
    "\t",
    "\\",
    "\"",
    "'",
    "../",
    "//",
    "$(",
];

impl Mutator {
    pub fn new(seed: u64, tokens: &'static [&'static str]) -> Self {
        Self {
            state: seed,
            tokens,
        }
    }

    /// The next number (splitmix64).
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// A few changes of one of the inputs.
    pub fn mutate(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(5) {
            self.change(&mut input, corpus);
            input.truncate(LONGEST);
        }
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let (start, end) = self.range(input.len());
        match self.below(12) {
            0 if !input.is_empty() => {
                let bit = self.below(8);
                let at = self.below(input.len());
                input[at] ^= 1 << bit;
            }
            1 => drop(input.drain(start..end)),
            2 => input.truncate(start),
            3 => {
                let piece = input[start..end].to_vec();
                let at = self.below(input.len() + 1);
                input.splice(at..at, piece);
            }
            4 => {
                let times = self.times();
                let piece = input[start..end].to_vec();
                let times = times.min(LONGEST / piece.len().max(1));
                input.splice(end..end, piece.repeat(times));
            }
            5 => {
                let other = &corpus[self.below(corpus.len())];
                let (from, to) = self.range(other.len());
                input.splice(start..end, other[from..to].iter().copied());
            }
            6 => self.replace_number(input),
            7 => {
                let strange = self.pick(&STRANGE);
                input.splice(start..start, strange.bytes());
            }
            8 => {
                let times = self.times().min(200_000);
                let (open, close) = PAIRS[self.below(PAIRS.len())];
                input.splice(end..end, close.repeat(times).into_bytes());
                input.splice(start..start, open.repeat(times).into_bytes());
            }
            9 => self.shuffle_lines(input),
            _ => {
                let tokens = self.tokens;
                let token = if tokens.is_empty() {
                    ""
                } else {
                    self.pick(tokens)
                };
                let replaced = if self.below(2) == 0 { start } else { end };
                input.splice(start..replaced, token.bytes());
            }
        }
    }

    /// Mostly a few, seldom a great many.
    fn times(&mut self) -> usize {
        match self.below(1000) {
            0 => self.below(LONGEST),
            1..=30 => self.below(5000),
            _ => self.below(20),
        }
    }

    /// Mostly short.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let start = self.below(length + 1);
        let most = if self.below(4) == 0 {
            length - start
        } else {
            12.min(length - start)
        };
        (start, start + self.below(most + 1))
    }

    fn replace_number(&mut self, input: &mut Vec<u8>) {
        let starts: Vec<usize> = (0..input.len().min(10_000))
            .filter(|at| {
                input[*at].is_ascii_digit() && (*at == 0 || !input[*at - 1].is_ascii_digit())
            })
            .collect();
        if starts.is_empty() {
            return;
        }
        let start = starts[self.below(starts.len())];
        let digits = input[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let number = self.pick(&NUMBERS);
        input.splice(start..start + digits, number.bytes());
    }

    fn shuffle_lines(&mut self, input: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = input
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        let (one, other) = (self.below(lines.len()), self.below(lines.len()));
        match self.below(3) {
            0 => lines.swap(one, other),
            1 => {
                let line = lines[one].clone();
                lines.insert(other, line);
            }
            _ => {
                let indent = self.below(6);
                lines[one].splice(0..0, vec![b' '; indent]);
            }
        }
        *input = lines.join(&b'\n');
    }
}
