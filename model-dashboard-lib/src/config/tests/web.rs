use super::*;

#[test]
fn cookies_are_secure_unless_people_come_by_plain_http() {
    let secure = |variables: &[(&str, &str)]| with(variables).unwrap().server.secure_cookies();
    assert!(!secure(&[]));
    assert!(secure(&[("PUBLIC_URL", "https://example.org/")]));
    assert!(!secure(&[("PUBLIC_URL", "http://localhost:8501")]));
    assert!(secure(&[("DASHBOARD_HOST", "0.0.0.0")]));
    assert!(!secure(&[
        ("DASHBOARD_HOST", "0.0.0.0"),
        ("DASHBOARD_ALLOW_HTTP", "true")
    ]));
    assert!(!secure(&[
        ("PUBLIC_URL", "http://example.org"),
        ("DASHBOARD_ALLOW_HTTP", "true")
    ]));
}

#[test]
fn an_open_dashboard_without_a_public_url_is_warned_of() {
    let warnings = |variables: &[(&str, &str)]| with(variables).unwrap().warnings().to_vec();
    assert!(warnings(&[("DASHBOARD_HOST", "::")])[0].contains("PUBLIC_URL"));
    assert!(warnings(&[("DASHBOARD_ALLOW_HTTP", "true")])[0].contains("server.allow_http"));
}

#[test]
fn proxies_that_are_everybody_are_warned_of() {
    for (networks, warned) in [("10.0.0.0/8", 0), ("10.0.0.0/8,0.0.0.0/0", 1), ("::/0", 1)] {
        let config = with(&[("TRUSTED_PROXIES", networks)]).unwrap();
        let warnings = config.warnings().iter();
        let about = warnings.filter(|text| text.contains("limits.trusted_proxies"));
        assert_eq!(about.count(), warned, "{networks}");
    }
}

#[test]
fn a_public_url_has_an_origin_and_no_final_slash() {
    let variables = [
        ("PUBLIC_URL", "https://Example.org:443/m/"),
        ("DASHBOARD_BASE_PATH", "m"),
    ];
    let url = with(&variables).unwrap().server.public_url.unwrap();
    assert_eq!(
        (url.origin(), url.as_str()),
        ("https://example.org", "https://example.org/m")
    );
}

#[test]
fn one_largest_upload_counts_however_it_is_set() {
    let of = |variables: &[(&str, &str)]| with(variables).unwrap();
    let shown = |config: &Config| setting(config, "server.max_upload_size");
    let none = of(&[]);
    assert_eq!(none.server.max_upload_size.bytes(), 10 << 30);
    assert_eq!(shown(&none), ("10 GB".to_owned(), "default".to_owned()));

    let before = of(&[("DASHBOARD_MAX_UPLOAD_MB", "2048")]);
    assert_eq!(before.server.max_upload_size.bytes(), 2 << 30);
    assert_eq!(shown(&before).0, "2 GB");
    assert!(shown(&before).1.contains("DASHBOARD_MAX_UPLOAD_MB"));
    let huge = of(&[("DASHBOARD_MAX_UPLOAD_MB", "1000000")]);
    assert_eq!(shown(&huge).0, "64 GB");

    let both = of(&[
        ("DASHBOARD_MAX_UPLOAD_MB", "2048"),
        ("MAX_UPLOAD_SIZE", "20 GB"),
    ]);
    assert_eq!(both.server.max_upload_size.bytes(), 20 << 30);
    let warnings = both.warnings().join("; ");
    assert!(
        warnings.contains("server.max_upload_mb is without effect"),
        "{warnings}"
    );
    assert!(with(&[("MAX_UPLOAD_SIZE", "65 GB")]).is_err());
}
