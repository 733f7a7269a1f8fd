//! What other programs say of an archive. Where one is missing, that is said; with
//! `REQUIRE_SERVICES` it must be there.

use std::process::Command;

use super::*;

/// What a program prints, if there is such a program.
pub(super) fn told(program: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{program}: {errors}");
            assert!(errors.is_empty(), "{program}: {errors}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            let required = std::env::var_os("REQUIRE_SERVICES").is_some();
            assert!(!required, "REQUIRE_SERVICES is set, but {program}: {error}");
            #[allow(clippy::print_stderr)]
            {
                eprintln!("not tried with {program}: {error}");
            }
            None
        }
    }
}

#[test]
fn python_and_unzip_read_it() {
    let data: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
    let mut files = RESULTS.to_vec();
    files.push(("日本/data", &data));
    let folder = folder(&files);
    let zip = tempfile::NamedTempFile::with_suffix(".zip").unwrap();
    std::fs::write(zip.path(), whole(archive(folder.path()))).unwrap();
    let path = zip.path().to_str().unwrap();

    let said = told("unzip", &["-tqq", path]);
    assert!(said.is_none_or(|said| said.is_empty()));

    let code = "import sys, zipfile\n\
        z = zipfile.ZipFile(sys.argv[1])\n\
        assert z.testzip() is None\n\
        for i in z.infolist():\n\
        \x20 kinds = (i.date_time, i.compress_type, oct(i.external_attr >> 16), i.flag_bits)\n\
        \x20 assert kinds == ((1980, 1, 1, 0, 0, 0), 0, '0o100644', 0x800), kinds\n\
        \x20 sys.stdout.buffer.write(f'{i.filename} {i.file_size}\\n'.encode())";
    let Some(said) = told("python3", &["-c", code, path]) else {
        return;
    };
    files.sort();
    let line = |(path, data): &(&str, &[u8])| format!("{path} {}\n", data.len());
    assert_eq!(said, files.iter().map(line).collect::<String>());
}
