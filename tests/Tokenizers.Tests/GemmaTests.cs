using System.Runtime.InteropServices;
using SparkTrain.Data;

namespace SparkTrain.Tokenizers.Tests;

/// <summary>Gemma's own vocabulary, against Hugging Face's reference in JavaScript.</summary>
[Trait("Category", "Peers")]
public sealed class GemmaTests
{
    private static readonly Lazy<ITokenizer> Gemma = new(() => TokenizerLoader.Load(JavaScriptTokenizer.GemmaFolder));

    [Fact]
    public void Ids_of_hard_texts_and_of_documentation_equal_the_reference()
    {
        var added = ((BpeTokenizer)Gemma.Value).AddedTokens.Select(t => t.Text).ToArray();
        var random = new Random(3);
        string[] texts =
        [
            .. HardTexts.All, .. added, .. added.Select(t => $"a {t} b{t}\n"), .. Enumerable.Range(0, 50).Select(_ => string.Concat(random.GetItems(added, 12))),
            .. DocumentSources.Open("dotnet-docs", "text").ReadDocuments().Select(d => d.Text!).Take(300).Where((_, i) => i % 10 == 0).Select(t => t[..Math.Min(t.Length, 4000)]),
        ];
        var expected = JavaScriptTokenizer.Encode(JavaScriptTokenizer.GemmaFolder, texts);
        Assert.Multiple([.. texts.Index().Select(text => (Action)(() => Assert.Equal(expected[text.Index], Encode(text.Item, parseSpecials: true))))]);
    }

    // U+2581 is how this vocabulary writes a space: one that stood in the text cannot be told from it.
    [Fact]
    public void Text_comes_back()
    {
        var gemma = Gemma.Value;
        Assert.All(HardTexts.All, text => Assert.Equal(text.Replace('\u2581', ' '), gemma.Decode(CollectionsMarshal.AsSpan(Encode(text)))));
    }

    [Fact]
    public void No_text_becomes_a_special_token()
    {
        var special = ((BpeTokenizer)Gemma.Value).AddedTokens.Where(t => t.IsSpecial).ToArray();
        Assert.Equal(6, special.Length);
        Assert.Empty(Encode(string.Concat(special.Select(t => t.Text))).Intersect(special.Select(t => t.Id)));
    }

    [Fact]
    public void The_vocabulary_is_whole() =>
        Assert.Equal((256_000, 2, 1, "table"), (Gemma.Value.VocabSize, Gemma.Value.BosToken, Gemma.Value.EosToken, Gemma.Value.Decode([169])[1..^1]));

    private static List<int> Encode(string text, bool parseSpecials = false)
    {
        var ids = new List<int>();
        Gemma.Value.Encode(text, ids, parseSpecials);
        return ids;
    }
}
