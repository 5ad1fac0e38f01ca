using System.Runtime.InteropServices;
using System.Text;
using CsCheck;
using SparkTrain.Support;

namespace SparkTrain.Tokenizers.Tests;

public sealed class TokenizerTests
{
    private static readonly ITokenizer Bpe = TokenizerLoader.Load(GoldenFiles.At("bpe-1024"));

    public static TheoryData<string> Both => ["byte", GoldenFiles.At("bpe-1024")];

    [Theory]
    [MemberData(nameof(Both))]
    public void Text_comes_back_and_byte_lengths_add_up(string spec)
    {
        var tokenizer = TokenizerLoader.Load(spec);
        Gen.OneOf(Gen.String,
            Pieces.AnyOf("for (int i = 0;", "  \n\t", "日本語", "👍🏽", "<eos>", "<bos>").Array[0, 8].Select(string.Concat)).Sample(text =>
        {
            var valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));   // half surrogate pairs have no UTF-8
            var tokens = Encode(tokenizer, text);
            Assert.Equal(valid, tokenizer.Decode(CollectionsMarshal.AsSpan(tokens)));
            Assert.Equal(Encoding.UTF8.GetByteCount(valid), tokens.Sum(tokenizer.ByteLength));
            Assert.DoesNotContain(tokenizer.EosToken, tokens);
        });
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Special_names_are_tokens_only_when_asked_for(string spec)
    {
        var tokenizer = TokenizerLoader.Load(spec);
        Assert.Equal([tokenizer.BosToken!.Value, .. Encode(tokenizer, "a<"), tokenizer.EosToken],
            Encode(tokenizer, "<bos>a<<eos>", parseSpecials: true));
        Assert.DoesNotContain(tokenizer.EosToken, Encode(tokenizer, "<bos>a<<eos>"));
        Assert.Equal(0, tokenizer.ByteLength(tokenizer.EosToken));
        Assert.Equal("", tokenizer.Decode([tokenizer.BosToken!.Value, tokenizer.EosToken]));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void A_saved_tokenizer_is_the_same_tokenizer(string spec)
    {
        using var folder = new TemporaryFolder();
        var saved = TokenizerLoader.Load(spec);
        saved.Save(folder["copy"]);
        var loaded = TokenizerLoader.Load(folder["copy"]);
        Assert.Equal((saved.Hash, saved.Name, saved.VocabSize, saved.BosToken, saved.EosToken),
            (loaded.Hash, loaded.Name, loaded.VocabSize, loaded.BosToken, loaded.EosToken));
        Assert.IsType(saved.GetType(), loaded);
        Assert.Equal(Encode(saved, "The 1st <eos>\n"), Encode(loaded, "The 1st <eos>\n"));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Half_a_surrogate_pair_is_encoded_as_the_replacement_character(string spec)
    {
        var tokenizer = TokenizerLoader.Load(spec);
        Assert.Equal(Encode(tokenizer, "a\uFFFDb \uFFFD"), Encode(tokenizer, "a\ud83db \udc00"));
    }

    [Fact]
    public void Byte_ids_are_the_bytes() => Assert.Equal([72, 105, 32, 0xC3, 0xA9], Encode(new ByteTokenizer(), "Hi é"));

    [Fact]
    public void Streaming_holds_back_incomplete_characters()
    {
        var decoder = new StreamingDecoder(new ByteTokenizer());
        // é is C3 A9, 👍 is F0 9F 91 8D.
        string[] pieces = [.. new[] { 0x61, 0xC3, 0xA9, 0xF0, 0x9F, 0x91, 0x8D, 257, 0xF0 }.Select(decoder.Append), decoder.Flush()];
        Assert.Equal(["a", "", "é", "", "", "", "👍", "", "", "\uFFFD"], pieces);
    }

    [Fact]
    public void Threads_may_share_a_tokenizer()
    {
        var texts = Enumerable.Range(0, 64).Select(i => $"thread {i} counts {i * i * 7919} words").ToArray();
        var expected = texts.Select(t => Encode(Bpe, t)).ToArray();
        Parallel.For(0, 512, i => Assert.Equal(expected[i % 64], Encode(Bpe, texts[i % 64])));
    }

    [Fact]
    public void A_token_outside_the_vocabulary_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Bpe.ByteLength(1024));

    private static List<int> Encode(ITokenizer tokenizer, string text, bool parseSpecials = false)
    {
        var tokens = new List<int>();
        tokenizer.Encode(text, tokens, parseSpecials);
        return tokens;
    }
}
