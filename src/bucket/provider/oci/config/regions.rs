//! Regions of Oracle's cloud, by name and by short name, and the realm that each lies in: as Oracle's Go SDK knows them, and so Thanos.

/// Short name, name and realm.
type Region = (&'static str, &'static str, &'static str);

/// The domain of each realm.
const REALMS: [(&str, &str); 20] = [
    ("oc1", DEFAULT_DOMAIN),
    ("oc2", "oraclegovcloud.com"),
    ("oc3", "oraclegovcloud.com"),
    ("oc4", "oraclegovcloud.uk"),
    ("oc8", "oraclecloud8.com"),
    ("oc9", "oraclecloud9.com"),
    ("oc10", "oraclecloud10.com"),
    ("oc14", "oraclecloud14.com"),
    ("oc15", "oraclecloud15.com"),
    ("oc19", "oraclecloud.eu"),
    ("oc20", "oraclecloud20.com"),
    ("oc21", "oraclecloud21.com"),
    ("oc23", "oraclecloud23.com"),
    ("oc24", "oraclecloud24.com"),
    ("oc26", "oraclecloud26.com"),
    ("oc29", "oraclecloud29.com"),
    ("oc35", "oraclecloud35.com"),
    ("oc42", "oraclecloud42.com"),
    ("oc51", "oraclecloud51.com"),
    ("oc52", "oraclecloud52.com"),
];

/// The domain of the commercial realm, and of regions that nobody knows.
pub(super) const DEFAULT_DOMAIN: &str = "oraclecloud.com";

#[rustfmt::skip]
const REGIONS: &[Region] = &[
    ("yny", "ap-chuncheon-1", "oc1"),
    ("hyd", "ap-hyderabad-1", "oc1"),
    ("mel", "ap-melbourne-1", "oc1"),
    ("bom", "ap-mumbai-1", "oc1"),
    ("kix", "ap-osaka-1", "oc1"),
    ("icn", "ap-seoul-1", "oc1"),
    ("syd", "ap-sydney-1", "oc1"),
    ("nrt", "ap-tokyo-1", "oc1"),
    ("yul", "ca-montreal-1", "oc1"),
    ("yyz", "ca-toronto-1", "oc1"),
    ("ams", "eu-amsterdam-1", "oc1"),
    ("fra", "eu-frankfurt-1", "oc1"),
    ("zrh", "eu-zurich-1", "oc1"),
    ("jed", "me-jeddah-1", "oc1"),
    ("dxb", "me-dubai-1", "oc1"),
    ("gru", "sa-saopaulo-1", "oc1"),
    ("cwl", "uk-cardiff-1", "oc1"),
    ("lhr", "uk-london-1", "oc1"),
    ("iad", "us-ashburn-1", "oc1"),
    ("phx", "us-phoenix-1", "oc1"),
    ("sjc", "us-sanjose-1", "oc1"),
    ("vcp", "sa-vinhedo-1", "oc1"),
    ("scl", "sa-santiago-1", "oc1"),
    ("mtz", "il-jerusalem-1", "oc1"),
    ("mrs", "eu-marseille-1", "oc1"),
    ("sin", "ap-singapore-1", "oc1"),
    ("auh", "me-abudhabi-1", "oc1"),
    ("lin", "eu-milan-1", "oc1"),
    ("arn", "eu-stockholm-1", "oc1"),
    ("jnb", "af-johannesburg-1", "oc1"),
    ("cdg", "eu-paris-1", "oc1"),
    ("qro", "mx-queretaro-1", "oc1"),
    ("mad", "eu-madrid-1", "oc1"),
    ("ord", "us-chicago-1", "oc1"),
    ("mty", "mx-monterrey-1", "oc1"),
    ("aga", "us-saltlake-2", "oc1"),
    ("bog", "sa-bogota-1", "oc1"),
    ("vap", "sa-valparaiso-1", "oc1"),
    ("xsp", "ap-singapore-2", "oc1"),
    ("ruh", "me-riyadh-1", "oc1"),
    ("onm", "ap-delhi-1", "oc1"),
    ("hsg", "ap-batam-1", "oc1"),
    ("orf", "eu-madrid-3", "oc1"),
    ("nrq", "eu-turin-1", "oc1"),
    ("jbp", "ap-kulai-2", "oc1"),
    ("lej", "af-casablanca-1", "oc1"),
    ("lfi", "us-langley-1", "oc2"),
    ("luf", "us-luke-1", "oc2"),
    ("ric", "us-gov-ashburn-1", "oc3"),
    ("pia", "us-gov-chicago-1", "oc3"),
    ("tus", "us-gov-phoenix-1", "oc3"),
    ("ltn", "uk-gov-london-1", "oc4"),
    ("brs", "uk-gov-cardiff-1", "oc4"),
    ("nja", "ap-chiyoda-1", "oc8"),
    ("ukb", "ap-ibaraki-1", "oc8"),
    ("mct", "me-dcc-muscat-1", "oc9"),
    ("ibr", "me-ibri-1", "oc9"),
    ("wga", "ap-dcc-canberra-1", "oc10"),
    ("bgy", "eu-dcc-milan-1", "oc14"),
    ("mxp", "eu-dcc-milan-2", "oc14"),
    ("snn", "eu-dcc-dublin-2", "oc14"),
    ("dtm", "eu-dcc-rating-2", "oc14"),
    ("dus", "eu-dcc-rating-1", "oc14"),
    ("ork", "eu-dcc-dublin-1", "oc14"),
    ("dac", "ap-dcc-gazipur-1", "oc15"),
    ("vll", "eu-madrid-2", "oc19"),
    ("str", "eu-frankfurt-2", "oc19"),
    ("beg", "eu-jovanovac-1", "oc20"),
    ("doh", "me-dcc-doha-1", "oc21"),
    ("vve", "me-alrayyan-1", "oc21"),
    ("ebb", "us-somerset-1", "oc23"),
    ("ebl", "us-thames-1", "oc23"),
    ("avz", "eu-dcc-zurich-1", "oc24"),
    ("avf", "eu-crissier-1", "oc24"),
    ("ahu", "me-abudhabi-3", "oc26"),
    ("rba", "me-alain-1", "oc26"),
    ("rkt", "me-abudhabi-2", "oc29"),
    ("shj", "me-abudhabi-4", "oc29"),
    ("dtz", "ap-seoul-2", "oc35"),
    ("dln", "ap-suwon-1", "oc35"),
    ("bno", "ap-chuncheon-2", "oc35"),
    ("yxj", "us-ashburn-2", "oc42"),
    ("pgc", "us-newark-1", "oc42"),
    ("jsk", "eu-budapest-1", "oc51"),
    ("hnw", "sa-riodejaneiro-1", "oc52"),
];

/// The name and the domain of the region of that name or short name, in small letters.
pub(super) fn known(name: &str) -> Option<(&'static str, &'static str)> {
    let is_it = |(short, long, _): &&Region| *short == name || *long == name;
    let (_, long, realm) = REGIONS.iter().find(is_it)?;
    let (_, domain) = REALMS.iter().find(|(known, _)| known == realm)?;
    Some((long, domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.72
    #[test]
    fn every_region_has_a_domain() {
        for (short, long, realm) in REGIONS {
            assert!(known(short).is_some(), "{short}: {realm}");
            assert_eq!(known(short), known(long), "{long}");
        }
        assert_eq!(known("phx"), Some(("us-phoenix-1", "oraclecloud.com")));
        assert_eq!(
            known("uk-gov-london-1"),
            Some(("uk-gov-london-1", "oraclegovcloud.uk"))
        );
        assert_eq!(known("nowhere"), None);
    }
}
