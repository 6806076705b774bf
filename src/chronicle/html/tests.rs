//! The colours of a page, as those see them who see less.

use std::collections::BTreeMap;

use super::STYLE;

/// The colours of each palette by name, in the order of the style: light, dark, paper.
fn palettes() -> Vec<BTreeMap<&'static str, [f64; 3]>> {
    let palettes = STYLE.split(":root {").skip(1);
    let palettes = palettes.map(|palette| palette.split('}').next().unwrap_or_default());
    palettes
        .map(|palette| palette.split(';').filter_map(colour).collect())
        .collect()
}

fn colour(declared: &'static str) -> Option<(&'static str, [f64; 3])> {
    let (name, value) = declared.trim().strip_prefix("--")?.split_once(": #")?;
    let bytes = u32::from_str_radix(value, 16).ok()?.to_be_bytes();
    let [_, red, green, blue] = bytes;
    Some((name, [red, green, blue].map(|part| f64::from(part) / 255.0)))
}

/// As WCAG 2 counts it.
fn luminance(colour: [f64; 3]) -> f64 {
    let [red, green, blue] = colour.map(|part| {
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// S-20.8
#[test]
fn text_and_drawings_stand_out_in_light_and_dark_and_on_paper() {
    let palettes = palettes();
    assert_eq!(palettes.len(), 3);
    for palette in palettes {
        let states = ["moved", "cold", "hot", "waiting", "failed"];
        let pairs = ["text", "soft"]
            .iter()
            .flat_map(|text| [(*text, "ground", 4.5), (*text, "card", 4.5)]);
        let drawn = states
            .iter()
            .flat_map(|state| [(*state, "ground", 3.0), (*state, "track", 3.0)]);
        for (name, behind, least) in pairs.chain(drawn) {
            let colours = palette.get(name).zip(palette.get(behind));
            let found = colours.map_or(0.0, |(one, other)| contrast(*one, *other));
            assert!(found >= least, "{name} on {behind}: {found:.2}");
        }
    }
}
