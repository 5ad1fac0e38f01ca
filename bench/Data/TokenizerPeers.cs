using System.Buffers.Binary;
using System.IO.Compression;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Tokenizers;

namespace SparkTrain.Bench;

/// <summary>The vocabularies that Microsoft.ML.Tokenizers and we both read, in the form that each of us wants.</summary>
internal static class TokenizerPeers
{
    /// <summary>Writes cl100k_base.tiktoken, as OpenAI publishes it, from the copy without ranks inside Microsoft's package.</summary>
    public static string WriteCl100k(string folder)
    {
        using var packed = Assembly.Load("Microsoft.ML.Tokenizers.Data.Cl100kBase").GetManifestResourceStream("cl100k_base.tiktoken.deflate")!;
        using var lines = new StreamReader(new DeflateStream(packed, CompressionMode.Decompress));
        lines.ReadLine();   // the number of pieces
        string path = Path.Combine(folder, "cl100k_base.tiktoken");
        File.WriteAllLines(path, lines.ReadToEnd().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select((piece, rank) => $"{piece} {rank}"));
        return path;
    }

    /// <summary>Opens a tokenizer.json of Gemma's kind as the SentencePiece model that it was made of: a lower id is a better piece.</summary>
    public static SentencePieceTokenizer OpenSentencePiece(string tokenizerJson)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(tokenizerJson));
        using var model = new MemoryStream();
        int size = 0;
        foreach (var piece in json.RootElement.GetProperty("model").GetProperty("vocab").EnumerateObject())
        {
            int id = piece.Value.GetInt32();
            bool isByte = piece.Name.Length == 6 && piece.Name.StartsWith("<0x", StringComparison.Ordinal);
            WriteMessage(model, 1, [.. Bytes(1, Encoding.UTF8.GetBytes(piece.Name)), .. Float(2, -id), .. Number(3, isByte ? 6 : id == 3 ? 2 : id < 3 ? 3 : 1)]);
            size++;
        }
        // Trainer: BPE with byte fall-back, <unk> = 3, <bos> = 2, <eos> = 1. Normalizer: no space before the text, none removed, spaces become marks.
        WriteMessage(model, 2, [.. Number(3, 2), .. Number(4, size), .. Number(35, 1), .. Number(40, 3), .. Number(41, 2), .. Number(42, 1)]);
        WriteMessage(model, 3, [.. Number(3, 0), .. Number(4, 0), .. Number(5, 1)]);
        model.Position = 0;
        return SentencePieceTokenizer.Create(model, addBeginningOfSentence: false);
    }

    // Protocol Buffers: a key of field number and wire type (0 number, 2 length and bytes, 5 float), then the value.
    private static void WriteMessage(Stream stream, int field, byte[] message) => stream.Write(Bytes(field, message));

    private static byte[] Bytes(int field, byte[] value) => [.. Varint((field << 3) | 2), .. Varint(value.Length), .. value];

    private static byte[] Number(int field, int value) => [.. Varint(field << 3), .. Varint(value)];

    private static byte[] Float(int field, float value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        return [.. Varint((field << 3) | 5), .. bytes];
    }

    private static byte[] Varint(int value) => value < 128 ? [(byte)value] : [(byte)(value | 128), .. Varint(value >> 7)];
}
