//! Operators of TensorFlow that are more than arithmetic. (`tensorflow/core/ops/*.cc`;
//! TensorFlow's `SECURITY.md`: a model is a program.)

use crate::package::formats::FindingKind;

/// `PrintV2`, where it is told to.
pub(super) const PRINTS: (FindingKind, &str) = (FindingKind::Outside, "writes files");

/// What an operator does, if it is one of these. Those that every SavedModel has for its own
/// variables and assets (`SaveV2`, `RestoreV2`, `InitializeTableFromTextFileV2` and their
/// forerunners) are not.
pub(super) fn told(operator: &str) -> Option<(FindingKind, &'static str)> {
    Some(match operator {
        "PyFunc" | "PyFuncStateless" | "EagerPyFunc" => {
            (FindingKind::Code, "runs a Python function")
        }
        "ReadFile"
        | "MatchingFiles"
        | "WholeFileReader"
        | "WholeFileReaderV2"
        | "TextLineReader"
        | "TextLineReaderV2"
        | "TFRecordReader"
        | "TFRecordReaderV2"
        | "FixedLengthRecordReader"
        | "FixedLengthRecordReaderV2"
        | "LMDBReader"
        | "ImmutableConst"
        | "TextLineDataset"
        | "TFRecordDataset"
        | "TFRecordDatasetV2"
        | "FixedLengthRecordDataset"
        | "FixedLengthRecordDatasetV2"
        | "LMDBDataset"
        | "ExperimentalLMDBDataset"
        | "CSVDataset"
        | "CSVDatasetV2"
        | "ExperimentalCSVDataset"
        | "MatchingFilesDataset"
        | "ExperimentalMatchingFilesDataset"
        | "LoadDataset"
        | "SqlDataset"
        | "ExperimentalSqlDataset" => (FindingKind::Outside, "reads files"),
        "WriteFile"
        | "SaveDataset"
        | "SaveDatasetV2"
        | "DatasetToTFRecord"
        | "ExperimentalDatasetToTFRecord"
        | "CacheDataset"
        | "CacheDatasetV2"
        | "SnapshotDataset"
        | "SnapshotDatasetV2"
        | "CreateSummaryFileWriter"
        | "CreateSummaryDbWriter"
        | "DebugIdentity"
        | "DebugIdentityV2"
        | "DebugIdentityV3" => (FindingKind::Outside, "writes files"),
        "RpcCall"
        | "RpcClient"
        | "RpcServer"
        | "RpcServerStart"
        | "RpcServerRegister"
        | "Rpc"
        | "TryRpc"
        | "DataServiceDataset"
        | "DataServiceDatasetV2"
        | "DataServiceDatasetV3"
        | "DataServiceDatasetV4"
        | "RegisterDataset"
        | "RegisterDatasetV2"
        | "IO>ArrowFlightDataset"
        | "BigQueryReader" => (FindingKind::Outside, "talks to other machines"),
        _ => return None,
    })
}
