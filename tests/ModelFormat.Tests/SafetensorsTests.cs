using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace SparkTrain.ModelFormat.Tests;

public sealed class SafetensorsTests : IDisposable
{
    private readonly string path = Path.GetTempFileName();

    public void Dispose() => File.Delete(path);

    [Fact]
    public void Reads_what_another_library_wrote()
    {
        using var file = SafetensorsFile.Open(Path.Combine(Goldens.Folder("spark-tiny"), "golden.safetensors"));
        Assert.Equal("[]", TensorInfo.Text(file.Info("loss").Shape));
        Assert.Equal(TensorType.I64, file.Info("attention_kept").Type);
        // Read from the same bytes by Python's struct module.
        Assert.Equal(6.633373260498047f, MemoryMarshal.Read<float>(file.Bytes("loss")));
    }

    [Fact]
    public unsafe void Writes_the_bytes_that_the_format_prescribes()
    {
        float[] x = [1, 2, 3];
        byte[] y = [7, 9];
        fixed (float* px = x)
        fixed (byte* py = y)
        {
            (nint a, nint b) = ((nint)px, (nint)py);
            SafetensorsWriter.Write(path, [(new("x", TensorType.F32, [3, 1]), () => (byte*)a), (new("y", TensorType.U8, [2]), () => (byte*)b)], new Dictionary<string, string> { ["k"] = "v" });
        }
        byte[] bytes = File.ReadAllBytes(path);
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        Assert.Equal("""{"__metadata__":{"k":"v"},"x":{"dtype":"F32","shape":[3,1],"data_offsets":[0,12]},"y":{"dtype":"U8","shape":[2],"data_offsets":[12,14]}}""",
            Encoding.UTF8.GetString(bytes, 8, header).TrimEnd(' '));
        Assert.Equal(0, (8 + header) % 8);
        Assert.Equal([0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 7, 9], bytes[(8 + header)..]);
        using var file = SafetensorsFile.Open(path);
        Assert.Equal(x, MemoryMarshal.Cast<byte, float>(file.Bytes("x")).ToArray());
        Assert.Equal("v", file.Metadata["k"]);
    }

    [Fact]
    public void A_file_cut_off_anywhere_is_refused()
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(Goldens.Folder("spark-tiny"), "model.safetensors"));
        for (int length = 0; length < whole.Length; length += 1 + length / 5)
        {
            File.WriteAllBytes(path, whole[..length]);
            var e = Assert.Throws<ModelFormatException>(() => SafetensorsFile.Open(path));
            Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "8 bytes")]
    [InlineData("""{"x":{"dtype":"F8","shape":[4],"data_offsets":[0,4]}}""", 4, "dtype 'F8'")]
    [InlineData("""{"x":{"dtype":"0","shape":[1],"data_offsets":[0,4]}}""", 4, "dtype '0'")]
    [InlineData("""{"x":{"dtype":"U8","shape":[-4],"data_offsets":[0,4]}}""", 4, "without negative")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[1,5]}}""", 5, "begins at byte")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4, "begins at byte")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 6, "the file has")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4],"data_offsets":[0]}}""", 4, "has 1 data_offsets")]
    [InlineData("""{"x":{"dtype":"U8","shape":[9223372036854775807,4],"data_offsets":[0,4]}}""", 4, "header is not valid")]
    [InlineData("""{"x":7}""", 0, "header is not valid")]
    [InlineData("""not json""", 0, "header is not valid")]
    public void A_header_that_lies_is_refused(string json, int dataBytes, string message)
    {
        byte[] bytes = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)json.Length);
        Encoding.UTF8.GetBytes(json, bytes.AsSpan(8));
        File.WriteAllBytes(path, bytes);
        Assert.Contains(message, Assert.Throws<ModelFormatException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_of_absurd_length_is_refused_without_reading_it()
    {
        File.WriteAllBytes(path, [255, 255, 255, 255, 255, 255, 255, 127, 1, 2, 3]);
        Assert.Contains("the header claims", Assert.Throws<ModelFormatException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }
}
