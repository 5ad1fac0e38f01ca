using SparkTrain.Input;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace SparkTrain.Data;

/// <summary>Unpacks a .zst file of one or several frames; its window, which is the memory that it takes, may have 128 MiB as zstd itself allows.</summary>
internal sealed class WholeZstdStream : UnpackingStream
{
    private const int MaxWindowLog = 27;

    private readonly string file;
    private readonly DecompressionStream unpacked;

    public WholeZstdStream(string file, FileStream packed)
    {
        this.file = file;
        if (packed.Length == 0) throw Broken(file, "zstd", "it is empty");
        var decompressor = new Decompressor();
        decompressor.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, MaxWindowLog);
        unpacked = new DecompressionStream(packed, decompressor, checkEndOfStream: true, preserveDecompressor: false, leaveOpen: false);
    }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return unpacked.Read(buffer);
        }
        catch (EndOfStreamException e)
        {
            throw Broken(file, "zstd", "it is cut off", e);
        }
        catch (ZstdException e) when (e.Code == ZSTD_ErrorCode.ZSTD_error_frameParameter_windowTooLarge)
        {
            throw new DataException(file, "unpacking it takes more than 128 MiB of memory: its frame has a window that large", "a window of at most 128 MiB, zstd's own limit",
                "pack it again: zstd -d --long=31 FILE.zst, then zstd -19 FILE", e);
        }
        catch (ZstdException e)
        {
            throw Broken(file, "zstd", $"it cannot be unpacked ({e.Reason()})", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) unpacked.Dispose();
        base.Dispose(disposing);
    }
}
