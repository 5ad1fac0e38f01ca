using System.IO.MemoryMappedFiles;

namespace SparkTrain.ModelFormat;

/// <summary>A safetensors file, mapped into memory: opening reads the header only, tensors are read in place.</summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly SafetensorsHeader header;
    private byte* start;

    private SafetensorsFile(string path, SafetensorsHeader header)
    {
        (Path, this.header) = (path, header);
        map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        start += view.PointerOffset;
    }

    /// <summary>The file's path.</summary>
    public string Path { get; }

    /// <summary>The names of all tensors.</summary>
    public IEnumerable<string> Names => header.Tensors.Keys;

    /// <summary>The free-form strings of the header.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="ModelFormatException">The file is missing, cut off, or not a safetensors file.</exception>
    public static SafetensorsFile Open(string path) => Open(path, SafetensorsHeader.Read(path));

    /// <summary>Opens a file whose header was read.</summary>
    internal static SafetensorsFile Open(string path, SafetensorsHeader header) => new(path, header);

    /// <summary>True where the file holds a tensor of this name.</summary>
    public bool Contains(string name) => header.Tensors.ContainsKey(name);

    /// <summary>Returns a tensor's element type and shape.</summary>
    /// <exception cref="ModelFormatException">There is no such tensor.</exception>
    public TensorInfo Info(string name) => Find(name).Info;

    /// <summary>Returns the place of a tensor's first byte in the file.</summary>
    /// <exception cref="ModelFormatException">There is no such tensor.</exception>
    public long Offset(string name) => Find(name).Offset;

    /// <summary>Returns the address of a tensor's first byte, valid until the file is disposed; not necessarily aligned.</summary>
    /// <exception cref="ModelFormatException">There is no such tensor.</exception>
    public byte* Pointer(string name) => start + Find(name).Offset;

    /// <summary>Returns the bytes of a tensor of up to 2 GiB, in place.</summary>
    /// <exception cref="ModelFormatException">There is no such tensor.</exception>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        var (info, offset) = Find(name);
        return new(start + offset, checked((int)info.ByteLength));
    }

    /// <summary>Unmaps the file; pointers into it die.</summary>
    public void Dispose()
    {
        if (start == null) return;
        start = null;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
    }

    private (TensorInfo Info, long Offset) Find(string name)
    {
        ObjectDisposedException.ThrowIf(start == null, this);
        return header.Tensors.TryGetValue(name, out var found) ? found
            : throw new ModelFormatException(Path, $"tensor {name} is missing among {header.Tensors.Count}", "a file of the model that config.json describes", "use the weights and the config.json of one model");
    }
}
