//! A template of Argo Workflows that runs one package.

use std::collections::HashSet;
use std::path::Path;

use model_dashboard::package::unpack::{RunLine, run_lines};

use super::pull::layout;
use super::registry::Found;
use crate::failure::{Failure, Kind};
use crate::output::note;

/// Where images come from and results go to in the container.
const INPUT: &str = "/data/input";
const OUTPUT: &str = "/data/output";

/// Where results go that only a later command takes.
const BETWEEN: &str = "/tmp";

/// The template: fetches just this package, before the container that runs it starts.
///
/// `purpose` says in the audit log what it is fetched for; without one that is the workflow.
pub(super) fn template(
    found: &Found,
    server: &str,
    dir: &Path,
    purpose: &str,
) -> Result<String, Failure> {
    let dir = dir.display().to_string();
    if !dir.starts_with('/') {
        return Err(Failure::usage(
            "--into is a folder in the containers, such as /models",
        ));
    }
    let Some(revision) = found.revision else {
        let message = format!("{} has no revision to be named", found.key);
        return Err(Failure::new(Kind::Conflict, message)
            .hint("any change of it by the registry makes one"));
    };
    let lines = match &found.report {
        Some(report) => run_lines(report, &layout(report, found), Path::new(&dir)),
        None => Vec::new(),
    };
    let script = match lines.is_empty() {
        true => format!(
            "# No command is known that runs it: put yours in place of these lines.\n\
             ls -R {}\nexit 1",
            format_args!("'{}'", dir.replace('\'', r"'\''"))
        ),
        false => commands(lines).join("\n"),
    };
    let pull = [
        "/usr/local/bin/model-dashboard",
        "model",
        "pull",
        &found.key.to_string(),
        "--revision",
        &revision.to_string(),
        "--digest",
        &found.digest.to_string(),
        "--require-enabled",
        "--into",
        &dir,
        "--for",
        match purpose {
            "" => "{{workflow.namespace}}/{{workflow.name}}",
            purpose => purpose,
        },
    ]
    .map(quoted)
    .join(", ");
    let script: String = script
        .lines()
        .map(|line| format!("\n            {line}"))
        .collect();
    if ["://127.", "://localhost", "://[::1]"]
        .iter()
        .any(|it| server.contains(it))
    {
        note(format_args!(
            "{server} is this machine alone: write into the template where its jobs find the server"
        ));
    }
    let (name, reference) = (name(&found.key.to_string()), found.reference());
    Ok(format!(
        r#"# Runs {reference}, and no other package. What is written in capitals is for you to fill in.
# The token is in the Secret: kubectl create secret generic model-dashboard --from-file=token=FILE
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: {name}
  annotations:
    model-dashboard/reference: {reference}
    model-dashboard/digest: {digest}
spec:
  entrypoint: infer
  arguments:
    parameters:
      - name: image
        value: IMAGE-OF-YOUR-FRAMEWORK
      - name: model-dashboard-image
        value: model-dashboard:{version}
  volumes:
    - name: models
      emptyDir: {{}}
    # PyTorch's loaders hand images on in it, and have 64 MiB otherwise.
    - name: shared-memory
      emptyDir: {{medium: Memory}}
    - name: model-dashboard
      secret:
        secretName: model-dashboard
  templates:
    - name: infer
      inputs:
        artifacts:
          - name: images
            path: {INPUT}
      outputs:
        artifacts:
          - name: segmentations
            path: {OUTPUT}
      initContainers:
        - name: pull
          image: "{{{{workflow.parameters.model-dashboard-image}}}}"
          command: [{pull}]
          env:
            - name: MODEL_DASHBOARD_URL
              value: {server}
            - name: MODEL_DASHBOARD_TOKEN_FILE
              value: /run/secrets/model-dashboard/token
          volumeMounts:
            - name: models
              mountPath: {models}
            - name: model-dashboard
              mountPath: /run/secrets/model-dashboard
              readOnly: true
      container:
        image: "{{{{workflow.parameters.image}}}}"
        command: [sh, -ec]
        args:
          - |{script}
        # Without these lines it runs where there is no GPU.
        resources:
          limits:
            nvidia.com/gpu: 1
        volumeMounts:
          - name: models
            mountPath: {models}
            readOnly: true
          - name: shared-memory
            mountPath: /dev/shm
"#,
        version = env!("CARGO_PKG_VERSION"),
        reference = quoted(&reference),
        digest = quoted(found.digest.to_string()),
        server = quoted(server),
        models = quoted(&dir),
    ))
}

/// The commands, whose images and results are those of the template: what only a later command takes is no
/// result, and what none of them makes is left to be filled in.
fn commands(mut lines: Vec<RunLine>) -> Vec<String> {
    let is_made = |before: &str| matches!(before, "-o" | "--output" | "--output_dir");
    let (mut made, mut taken) = (Vec::new(), HashSet::new());
    for line in &lines {
        for pair in line.command.windows(2) {
            let word = pair[1].clone();
            match is_made(&pair[0]) {
                _ if !word.starts_with("OUTPUT") => {}
                true => made.push(word),
                false => drop(taken.insert(word)),
            }
        }
    }
    let results = made.iter().filter(|word| !taken.contains(*word)).count();
    for word in lines.iter_mut().flat_map(|line| &mut line.command) {
        if made.contains(word) {
            *word = match (word.strip_prefix("OUTPUT_"), taken.contains(word)) {
                (Some(stage), true) => format!("{BETWEEN}/{stage}"),
                (Some(stage), false) if results > 1 => format!("{OUTPUT}/{stage}"),
                _ => OUTPUT.to_owned(),
            };
        } else if word == "INPUT" {
            INPUT.clone_into(word);
        } else if word.contains("'IMAGE'") {
            *word = word.replace("'IMAGE'", &format!("'{INPUT}/IMAGE'"));
        }
    }
    lines.iter().map(ToString::to_string).collect()
}

/// As YAML takes any text: JSON is a part of it.
fn quoted(text: impl AsRef<str>) -> String {
    serde_json::Value::from(text.as_ref()).to_string()
}

/// A name as Kubernetes has them (RFC 1123): at most 63 characters.
fn name(key: &str) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    };
    let name: String = key.chars().map(plain).take(63).collect();
    name.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kubernetes() {
        assert_eq!(
            name("nnUNet_v2/Dataset220_KiTS2023"),
            "nnunet-v2-dataset220-kits2023"
        );
        assert_eq!(name(&format!("T/{}", "x_".repeat(99))).len(), 63);
        assert_eq!(quoted("a\"b: {{x}}"), r#""a\"b: {{x}}""#);
    }
}
