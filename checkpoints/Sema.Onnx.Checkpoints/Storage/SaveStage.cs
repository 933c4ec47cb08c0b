namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>The states on disk that a save goes through, in order; a kill leaves one of them, or a file in them cut
/// short.</summary>
internal enum SaveStage
{
    FolderCreated,
    TensorsWritten,
    StateWritten,
    OldMovedAside,
    InPlace,
    OldDeleted,
    SurplusMovedAside,
    SurplusDeleted,
}
