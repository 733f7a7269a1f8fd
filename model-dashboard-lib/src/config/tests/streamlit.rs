use super::*;

const EXISTING: &str = r##"
[global]
developmentMode = false

[server]
port = 8600
address = "0.0.0.0"
headless = true
baseUrlPath = "models/"
maxUploadSize = 500
enableCORS = false
enableXsrfProtection = true
someFutureSetting = 1

[browser]
gatherUsageStats = false

[theme]
base = "dark"
primaryColor = "#0B6470"

[theme.sidebar]
textColor = "#fff"

[auth]
api_token_expiry_days = 90
"##;

#[test]
fn an_existing_file_is_understood_and_what_is_streamlits_own_ignored_with_one_warning() {
    let config = from_toml(EXISTING).unwrap();
    assert_eq!(config.server.port, 8600);
    assert_eq!(config.server.base_path.as_str(), "/models");
    assert_eq!(config.server.max_upload_size, Size::megabytes(500));
    let origin = ("500 MB".to_owned(), "config.toml:10".to_owned());
    assert_eq!(setting(&config, "server.max_upload_size"), origin);
    assert_eq!(config.server.theme, Theme::Dark);
    assert_eq!(config.auth.api_token_expiry_days, 90);
    assert_eq!(
        config.server.host.to_string(),
        "127.0.0.1",
        "address is Streamlit's own"
    );
    let origin = ("/models".to_owned(), "config.toml:9".to_owned());
    assert_eq!(setting(&config, "server.base_path"), origin);

    let [warning] = config.warnings() else {
        panic!("{:?}", config.warnings())
    };
    assert_eq!(
        warning,
        "config.toml: settings of Streamlit are ignored: [browser], [global], server.address, \
         server.enableCORS, server.enableXsrfProtection, server.headless, \
         server.someFutureSetting, theme.primaryColor, theme.sidebar"
    );
}

#[test]
fn a_mistyped_key_is_no_setting_of_streamlit() {
    let expected = [
        ("basUrlPath", "server.baseUrlPath"),
        ("maxUploadSizes", "server.maxUploadSize"),
        ("prot", "server.port"),
        ("base_url_path", "server.baseUrlPath"),
    ];
    for (key, known) in expected {
        let message = format!(
            "server.{key} (config.toml:2): unknown setting; the nearest known one is {known}"
        );
        assert_eq!(
            problems(from_toml(&format!("[server]\n{key} = 1"))),
            [message]
        );
    }
}

#[test]
fn a_file_without_settings_of_streamlit_gives_no_warning() {
    assert!(
        from_toml("[server]\nport = 1\n[api]\nport = 2")
            .unwrap()
            .warnings()
            .is_empty()
    );
}
