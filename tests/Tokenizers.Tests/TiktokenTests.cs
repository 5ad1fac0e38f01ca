using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Tokenizers;
using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Support;

namespace SparkTrain.Tokenizers.Tests;

/// <summary>OpenAI's vocabularies, against Microsoft.ML.Tokenizers, whose packages hold them.</summary>
public sealed class TiktokenTests
{
    // The files that OpenAI publishes have these SHA-256.
    private const string R50k = "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930", Cl100k = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        O200k = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d";

    [Theory]
    [InlineData("r50k_base", R50k)]
    [InlineData("cl100k_base", Cl100k)]
    [InlineData("o200k_base", O200k)]
    public void Ids_of_hard_texts_and_of_documentation_equal_the_reference(string name, string sha256)
    {
        using var folder = new TemporaryFolder();
        var (ours, theirs) = (TokenizerLoader.Load(WriteRanks(folder, name, sha256)), TiktokenTokenizer.CreateForEncoding(name));
        var characters = 0;
        var documents = DocumentSources.Open("dotnet-docs", "text").ReadDocuments().Select(d => d.Text!).TakeWhile(t => (characters += t.Length) < 1_000_000);
        foreach (var text in HardTexts.All.Select(WithoutPairs).Concat(documents).Append("a<|endoftext|>\n<|endoftext|> b"))
        {
            var ids = Encode(ours, text);
            Assert.Equal(theirs.EncodeToIds(text), ids);
            Assert.Equal(text.Replace("<|endoftext|>", ""), ours.Decode([.. ids]));
        }
    }

    // The reference's expressions are those of .NET and take half a surrogate pair for no letter and no digit. JavaScript's go by characters, as OpenAI's own.
    [Theory]
    [Trait("Category", "Peers")]
    [InlineData("r50k_base", R50k)]
    [InlineData("o200k_base", O200k)]
    public void Saved_it_gives_the_same_ids_in_JavaScript_beyond_16_bits_too(string name, string sha256)
    {
        using var folder = new TemporaryFolder();
        var ours = TokenizerLoader.Load(WriteRanks(folder, name, sha256));
        ours.Save(folder["saved"]);
        // U+0085 is white space in Unicode but not in JavaScript, U+FEFF the other way round.
        var texts = HardTexts.All.Where(t => !t.AsSpan().ContainsAny('\u0085', '\uFEFF')).ToArray();
        var expected = JavaScriptTokenizer.Encode(folder["saved"], texts);
        Assert.All(texts.Index(), text => Assert.Equal(expected[text.Index], Encode(ours, text.Item)));
    }

    [Fact]
    public void It_is_saved_as_a_tokenizer_json_that_is_the_same_tokenizer()
    {
        using var folder = new TemporaryFolder();
        var first = TokenizerLoader.Load(WriteRanks(folder, "r50k_base", R50k));
        first.Save(folder["saved"]);
        var saved = TokenizerLoader.Load(folder["saved"]);
        Assert.Equal((first.Hash, "r50k_base", 50_257, null, 50_256), (saved.Hash, saved.Name, saved.VocabSize, saved.BosToken, saved.EosToken));
        Assert.All(HardTexts.All, text => Assert.Equal(Encode(first, text), Encode(saved, text)));
    }

    [Theory]
    [InlineData("IQ== 0\nIg== 1\n", "2 pieces")]
    [InlineData("", "0 pieces")]
    [InlineData("IQ== 0\nIQ== 1\n", "line 2")]
    [InlineData("IQ== 0\nIg== 0\n", "line 2")]
    [InlineData("IQ== 0\n\nIg=", "line 3")]
    [InlineData("IQ== 0\nI*== 1\n", "line 2")]
    [InlineData("IQ== -1\n", "line 1")]
    [InlineData("IQ== 99999999\n", "line 1")]
    [InlineData("IQ== 0 0\n", "line 1")]
    [InlineData(" 0\n", "line 1")]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "line 1")]
    public void A_file_that_is_no_known_vocabulary_is_refused(string content, string expected)
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(expected, Assert.Throws<DataException>(() => TokenizerLoader.Load(folder.Write("x.tiktoken", content))).Message, StringComparison.Ordinal);
    }

    private static List<int> Encode(ITokenizer tokenizer, string text)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, ids, parseSpecials: true);
        return ids;
    }

    private static string WithoutPairs(string text) => string.Concat(text.Where(c => !char.IsSurrogate(c)));

    // The package leaves out the ranks, which are the line numbers.
    private static string WriteRanks(TemporaryFolder folder, string name, string sha256)
    {
        var package = Assembly.Load($"Microsoft.ML.Tokenizers.Data.{char.ToUpperInvariant(name[0])}{name[1..].Replace("_base", "Base")}");
        using var lines = new StreamReader(new DeflateStream(package.GetManifestResourceStream($"{name}.tiktoken.deflate")!, CompressionMode.Decompress));
        lines.ReadLine();   // the number of pieces
        var ranks = Encoding.UTF8.GetBytes(string.Concat(lines.ReadToEnd().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select((piece, rank) => $"{piece} {rank}\n")));
        Assert.Equal(sha256, Convert.ToHexStringLower(SHA256.HashData(ranks)));
        return folder.Write($"{name}.tiktoken", ranks);
    }
}
