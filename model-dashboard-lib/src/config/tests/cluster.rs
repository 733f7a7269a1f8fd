use super::*;

#[test]
fn variables_that_a_cluster_sets_for_its_services_are_passed_over() {
    let config = with(&[
        ("MINIO_PORT", "tcp://10.0.0.1:9000"),
        ("MINIO_SERVICE_HOST", "10.0.0.1"),
        ("MINIO_SERVICE_PORT", "9000"),
        ("MINIO_SERVICE_PORT_CONSOLE", "9001"),
        ("MINIO_PORT_9000_TCP", "tcp://10.0.0.1:9000"),
        ("MINIO_PORT_9000_TCP_ADDR", "10.0.0.1"),
        ("MINIO_PORT_9000_TCP_PORT", "9000"),
        ("MINIO_PORT_9000_TCP_PROTO", "tcp"),
        ("API_PORT", "tcp://10.0.0.2:80"),
        ("DASHBOARD_PORT", "tcp://10.0.0.3:80"),
        ("LDAP_HA_PORT_389_UDP", "udp://10.0.0.4:389"),
        ("DASHBOARD_PORT_80_TCP", "tcp://10.0.0.3:80"),
    ])
    .unwrap();
    assert_eq!((config.server.port, config.api.port), (8501, 8000));
    assert!(matches!(
        config.storage.location,
        StorageLocation::Folder(_)
    ));
}

#[test]
fn variables_that_only_look_like_a_clusters_are_mistakes() {
    for name in [
        "MINIO_PORT_NINE_TCP",
        "MINIO_PORT_9000",
        "MINIO_PORT_9000_TCP_ADR",
        "API_SERVICE",
    ] {
        assert_eq!(problems(with(&[(name, "1")])).len(), 1, "{name}");
    }
}

#[test]
fn variables_of_other_programs_are_passed_over() {
    let foreign = [
        ("SESSION_MANAGER", "local/host:@/tmp/.ICE-unix/1"),
        ("MINIO_ROOT_USER", "root"),
        ("STORAGE_EMULATOR_HOST", "localhost:1"),
        ("PATH", "/bin"),
        ("DATA_DIRS", "/usr/share"),
        ("MODEL_DASHBOARD_URL", "https://example.org"),
    ];
    assert!(with(&foreign).is_ok());
}
