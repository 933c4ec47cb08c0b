using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>Makes the names in a folder (a file created, a folder renamed) survive a power cut.</summary>
internal static class DirectorySync
{
    /// <summary>Flushes a folder to disk; false where the system cannot (Windows journals names by itself).</summary>
    internal static bool TryFlush(string folder)
    {
        if (OperatingSystem.IsWindows())
            return false;
        using var handle = new SafeFileHandle(Open(folder, flags: 0), ownsHandle: true);
        if (handle.IsInvalid)
            return false;
        try
        {
            RandomAccess.FlushToDisk(handle);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // .NET opens no folders: File.OpenHandle refuses them on every system. Flags 0 is O_RDONLY.
    [DllImport("libc", EntryPoint = "open"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
