//! Answers by chance: any that the grammar allows, and what becomes of them when they are spoilt.

use super::samples::{element, wide};

/// Chance that can be repeated (SplitMix64).
#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `sides`.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn element(&mut self, tag: u8, content: &[u8]) -> Vec<u8> {
        if self.one_in(3) {
            wide(tag, content)
        } else {
            element(tag, content)
        }
    }

    /// None, one or some of something.
    fn some(&mut self, mut each: impl FnMut(&mut Self) -> Vec<u8>) -> Vec<u8> {
        (0..self.roll(4)).flat_map(|_| each(self)).collect()
    }

    fn maybe(&mut self, part: impl FnOnce(&mut Self) -> Vec<u8>) -> Vec<u8> {
        if self.one_in(3) {
            part(self)
        } else {
            Vec::new()
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = if self.one_in(20) {
            self.roll(400)
        } else {
            self.roll(12)
        };
        (0..length).map(|_| self.roll(256) as u8).collect()
    }

    fn text(&mut self) -> Vec<u8> {
        let letters = [
            "a",
            "=",
            ",",
            "\0",
            "\\",
            "ä",
            "\u{feff}",
            "日",
            "\u{10ffff}",
            "1.2.3",
        ];
        (0..self.roll(8))
            .flat_map(|_| letters[self.roll(letters.len())].bytes())
            .collect()
    }

    fn octets(&mut self) -> Vec<u8> {
        let bytes = self.bytes();
        self.element(0x04, &bytes)
    }

    fn words(&mut self) -> Vec<u8> {
        let text = self.text();
        self.element(0x04, &text)
    }

    fn number(&mut self, tag: u8, value: u32) -> Vec<u8> {
        let bytes = value.to_be_bytes();
        let zeros = bytes.iter().take(3).take_while(|byte| **byte == 0).count();
        let zeros = if bytes[zeros] < 0x80 {
            zeros
        } else {
            zeros - 1
        };
        let start = self.roll(zeros + 1);
        self.element(tag, &bytes[start..])
    }

    fn outcome(&mut self) -> Vec<u8> {
        let code = [0, 1, 10, 14, 49, 53, 80, 4096, 0x7fff_ffff][self.roll(9)];
        let code = self.number(0x0a, code);
        let texts = [self.words(), self.words()].concat();
        let referral = self.maybe(|dice| {
            let addresses = dice.some(Self::words);
            dice.element(0xa3, &addresses)
        });
        [code, texts, referral].concat()
    }

    /// Elements of any kind that no version has defined, in one another.
    fn unknown(&mut self, depth: usize) -> Vec<u8> {
        let number = [0, 1, 2, 4, 5, 6, 8, 9, 12, 30][self.roll(10)];
        let tag = (self.roll(4) as u8) << 6 | number;
        if depth > 0 && self.one_in(2) {
            let inner = self.some(|dice| dice.unknown(depth - 1));
            self.element(tag | 0x20, &inner)
        } else {
            let bytes = self.bytes();
            self.element(tag, &bytes)
        }
    }

    fn attribute(&mut self) -> Vec<u8> {
        let name = self.words();
        let values = self.some(Self::octets);
        let parts = [name, self.element(0x31, &values)].concat();
        self.element(0x30, &parts)
    }

    fn control(&mut self) -> Vec<u8> {
        let parts = if self.one_in(4) {
            let size = self.number(0x02, 100);
            let page = [size, self.octets()].concat();
            let page = self.element(0x30, &page);
            [
                self.element(0x04, b"1.2.840.113556.1.4.319"),
                self.element(0x04, &page),
            ]
            .concat()
        } else {
            let critical = self.roll(256) as u8;
            let name = self.words();
            let critical = self.maybe(|dice| dice.element(0x01, &[critical]));
            [name, critical, self.maybe(Self::octets)].concat()
        };
        self.element(0x30, &parts)
    }

    fn message(&mut self, id: u32, tag: u8, operation: &[u8]) -> Vec<u8> {
        let id = self.number(0x02, id);
        let operation = self.element(tag, operation);
        let controls = self.maybe(|dice| {
            let controls = dice.some(Self::control);
            dice.element(0xa0, &controls)
        });
        let parts = [id, operation, controls].concat();
        self.element(0x30, &parts)
    }

    /// The answer to a bind with message id 1.
    pub(super) fn bind(&mut self) -> Vec<u8> {
        let outcome = self.outcome();
        let credentials = self.maybe(|dice| {
            let bytes = dice.bytes();
            dice.element(0x87, &bytes)
        });
        let parts = [outcome, credentials, self.maybe(|dice| dice.unknown(5))].concat();
        self.message(1, 0x61, &parts)
    }

    /// All answers to a search with message id 2.
    pub(super) fn search(&mut self) -> Vec<u8> {
        let found = self.some(|dice| {
            if dice.one_in(4) {
                let addresses = [dice.words(), dice.some(Self::words)].concat();
                return dice.message(2, 0x73, &addresses);
            }
            let dn = dice.words();
            let attributes = dice.some(Self::attribute);
            let parts = [dn, dice.element(0x30, &attributes)].concat();
            dice.message(2, 0x64, &parts)
        });
        let outcome = [self.outcome(), self.maybe(|dice| dice.unknown(5))].concat();
        [found, self.message(2, 0x65, &outcome)].concat()
    }

    /// The answer to an extended request with message id 3.
    pub(super) fn extended(&mut self) -> Vec<u8> {
        let outcome = self.outcome();
        let name = self.maybe(|dice| {
            let text = dice.text();
            dice.element(0x8a, &text)
        });
        let value = self.maybe(|dice| {
            let bytes = dice.bytes();
            dice.element(0x8b, &bytes)
        });
        let parts = [outcome, name, value, self.maybe(|dice| dice.unknown(5))].concat();
        self.message(3, 0x78, &parts)
    }

    /// Changes a few bytes, mostly to such as mean something.
    pub(super) fn spoil(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.roll(3) {
            if bytes.is_empty() {
                return;
            }
            let at = self.roll(bytes.len());
            let telling = [
                0x00, 0x01, 0x02, 0x04, 0x0a, 0x1f, 0x24, 0x30, 0x61, 0x64, 0x79, 0x7f,
            ];
            let telling = [
                &telling[..],
                &[0x80, 0x81, 0x84, 0x87, 0x8a, 0xa0, 0xa3, 0xff],
            ]
            .concat();
            match self.roll(6) {
                0 => bytes[at] = self.roll(256) as u8,
                1 | 2 => bytes[at] = telling[self.roll(telling.len())],
                3 => {
                    bytes.remove(at);
                }
                4 => bytes.insert(at, telling[self.roll(telling.len())]),
                _ => bytes[at] = bytes[at].wrapping_add([1, 0xff][self.roll(2)]),
            }
        }
    }
}
