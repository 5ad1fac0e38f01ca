using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace SparkTrain.Native;

/// <summary>Finds and loads libtorch and TorchSharp's native library, before anything touches <c>TorchSharp.torch</c>.</summary>
public static partial class LibTorch
{
    /// <summary>The environment variable that names a folder with the user's own libtorch 2.10.</summary>
    public const string FolderVariable = "SPARKTRAIN_LIBTORCH";

    private const string SupportedVersion = "2.10";
    private const string TorchSharpLibrary = "libLibTorchSharp.so";

    // TorchSharp 0.107's library was built with GCC 13 headers. Its version table asks for this version of libstdc++ though no relocation uses it.
    private const string UnusedLibStdCppVersion = "GLIBCXX_3.4.32";

    private static readonly Lazy<nint> Handle = new(LoadLibraries);

    /// <summary>Loads the libraries (once a process), puts our allocator of tensors in place and sets the number of threads that tensor operations use.</summary>
    /// <param name="threads">Threads for tensor operations; 0 means one for every core this process may use.</param>
    /// <exception cref="EnvironmentException">A library is missing, of the wrong version, or does not load.</exception>
    public static void Load(int threads = 0)
    {
        _ = Handle.Value;
        // Under mpiexec libtorch would otherwise take one thread, whatever the rank's share of cores is.
        TorchSharp.torch.set_num_threads(threads > 0 ? threads : Environment.ProcessorCount);
    }

    /// <summary>Says what <see cref="Load"/> would load, without loading it.</summary>
    public static LibTorchProbe Probe()
    {
        try
        {
            string folder = FindFolder(), library = FindTorchSharp();
            bool relax = !LibStdCppHas(UnusedLibStdCppVersion)
                && ElfVersionNeeds.Required(File.ReadAllBytes(library)).Contains(UnusedLibStdCppVersion);
            return new(folder, library, relax, null);
        }
        catch (Exception e) when (e is EnvironmentException or IOException or InvalidDataException)
        {
            return new(null, null, false, e.Message);
        }
    }

    private static nint LoadLibraries()
    {
        CheckKeptAlive(typeof(TorchSharp.torch).Assembly);
        string folder = FindFolder(), library = FindTorchSharp();
        OpenMpWaits.Shorten();
        try
        {
            foreach (string name in (string[])["libtorch_cuda.so", "libtorch_cpu.so", "libtorch.so"])
                if (File.Exists(Path.Combine(folder, name))) NativeLibrary.Load(Path.Combine(folder, name));
            if (!NativeLibrary.TryLoad(library, out nint handle)) handle = LoadRelaxed(library);
            foreach (var assembly in (Assembly[])[typeof(TorchSharp.torch).Assembly, typeof(LibTorch).Assembly])
                NativeLibrary.SetDllImportResolver(assembly, (name, _, _) => name == "LibTorchSharp" ? handle : 0);
            TensorAllocator.Install(NativeLibrary.Load(Path.Combine(folder, "libc10.so")));
            return handle;
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new EnvironmentException(folder, $"libtorch does not load ({e.Message.ReplaceLineEndings(" ").Trim().TrimEnd('.')})", $"libtorch {SupportedVersion}.x for this machine",
                $"`dotnet Launcher.dll doctor` lists what is missing; point {FolderVariable} at a folder with another libtorch {SupportedVersion} if you have one", e);
        }
    }

    /// <summary>Refuses TorchSharp as it ships: a garbage collection during one of its native calls may free what the call is using (build/KeepAlive).</summary>
    /// <exception cref="EnvironmentException">The assembly is not the rewritten one.</exception>
    internal static void CheckKeptAlive(Assembly torchSharp)
    {
        if (torchSharp.GetCustomAttributes<AssemblyMetadataAttribute>().Any(a => a.Key == "KeepsNativeArgumentsAlive")) return;
        throw new EnvironmentException(torchSharp.Location, "TorchSharp.dll is as it ships: a garbage collection during a native call may free what the call is using",
            "the copy that the build makes, which keeps it alive", "take TorchSharp.dll from the output folder of `dotnet build`");
    }

    /// <summary>Loads a copy, held in memory only, in which the one unused version need is weak.</summary>
    private static nint LoadRelaxed(string library)
    {
        byte[] elf = File.ReadAllBytes(library);
        if (ElfVersionNeeds.Relax(elf, UnusedLibStdCppVersion) == 0) return NativeLibrary.Load(library);
        int descriptor = CreateMemoryFile(TorchSharpLibrary, 0);
        string path = $"/proc/self/fd/{descriptor}";
        if (descriptor < 0) File.WriteAllBytes(path = Path.Combine(Directory.CreateTempSubdirectory("sparktrain-").FullName, TorchSharpLibrary), elf);
        else File.WriteAllBytes(path, elf);
        return NativeLibrary.Load(path);
    }

    private static string FindFolder()
    {
        string? own = Environment.GetEnvironmentVariable(FolderVariable);
        if (!string.IsNullOrEmpty(own))
        {
            foreach (string folder in (string[])[own, Path.Combine(own, "lib")])
                if (File.Exists(Path.Combine(folder, "libtorch_cpu.so"))) return CheckVersion(folder);
            throw new EnvironmentException($"{FolderVariable}={own}", "the folder holds no libtorch_cpu.so, nor does its lib/", $"a libtorch {SupportedVersion} folder", $"correct the path, or unset {FolderVariable}");
        }
        return AppFolders().FirstOrDefault(f => File.Exists(Path.Combine(f, "libtorch_cpu.so")))
            ?? throw new EnvironmentException(AppContext.BaseDirectory, "libtorch_cpu.so is not here", $"libtorch {SupportedVersion} in libtorch/ beside the program",
                $"rebuild with `dotnet build` (Linux x64; -p:Torch=cpu is the default), or point {FolderVariable} at a libtorch {SupportedVersion} folder");
    }

    private static string FindTorchSharp() =>
        AppFolders().Select(f => Path.Combine(f, TorchSharpLibrary)).FirstOrDefault(File.Exists)
        ?? throw new EnvironmentException(AppContext.BaseDirectory, $"{TorchSharpLibrary} is not here", "TorchSharp's native library in libtorch/ beside the program", "rebuild with `dotnet build` on Linux x64");

    private static string[] AppFolders() =>
        [Path.Combine(AppContext.BaseDirectory, "libtorch"), AppContext.BaseDirectory];

    // The shim compiles in C++ layouts of libtorch 2.10; other versions may load and then corrupt memory.
    private static string CheckVersion(string folder)
    {
        foreach (string file in (string[])[Path.Combine(folder, "..", "build-version"), Path.Combine(folder, "..", "version.py")])
        {
            if (!File.Exists(file)) continue;
            string version = VersionNumber().Match(File.ReadAllText(file)).Value;
            if (version.StartsWith(SupportedVersion + ".", StringComparison.Ordinal)) return folder;
            throw new EnvironmentException(Path.GetFullPath(file), $"libtorch is {version}", $"{SupportedVersion}.x, which TorchSharp was compiled for", $"install libtorch {SupportedVersion}, or unset {FolderVariable}");
        }
        return folder;
    }

    private static bool LibStdCppHas(string version)
    {
        if (!NativeLibrary.TryLoad("libstdc++.so.6", out _)) return false;
        string? path = MappedLibrary("libstdc++.so");
        return path is not null && File.ReadAllBytes(path).AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(version + '\0')) >= 0;
    }

    /// <summary>Returns the path of a library mapped into this process whose file name begins so, or null.</summary>
    internal static string? MappedLibrary(string namePrefix)
    {
        if (!File.Exists("/proc/self/maps")) return null;
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            int slash = line.IndexOf('/');
            if (slash >= 0 && Path.GetFileName(line[slash..]).StartsWith(namePrefix, StringComparison.Ordinal)) return line[slash..];
        }
        return null;
    }

    [GeneratedRegex(@"\d+\.\d+\.\d+")]
    private static partial Regex VersionNumber();

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateMemoryFile(string name, uint flags);
}

/// <summary>What <see cref="LibTorch.Load"/> would load.</summary>
/// <param name="Folder">The folder of libtorch, or null when there is a problem.</param>
/// <param name="TorchSharpLibrary">The path of TorchSharp's native library, or null when there is a problem.</param>
/// <param name="RelaxesLibStdCpp">True where libstdc++ is older than the library asks for, so that its unused version need is relaxed.</param>
/// <param name="Problem">What is wrong and what to do, or null.</param>
public sealed record LibTorchProbe(string? Folder, string? TorchSharpLibrary, bool RelaxesLibStdCpp, string? Problem);
