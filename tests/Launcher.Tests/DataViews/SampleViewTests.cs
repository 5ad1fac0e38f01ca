using SparkTrain.Input;
using SparkTrain.Launcher.DataViews;
using SparkTrain.Tokenizers;

namespace SparkTrain.Launcher.Tests.DataViews;

public sealed class SampleViewTests
{
    private const int Bos = 256, Eos = 257;

    private static readonly ByteTokenizer Bytes = new();

    // The end of a document, one that is whole, the beginning of a third.
    private static readonly int[] Tokens = ['x', Eos, Bos, 'h', 'i', '\n', Eos, Bos, 0xC3];
    private static readonly int[] Documents = [0, 0, 1, 1, 1, 1, 1, 2, 2];

    [Fact]
    public void A_sample_is_cut_at_its_document_borders() => Assert.Equal(
        """
        sample 7 | step 2 | books | 9 tokens, 6 targets (75.0 %)
        ── document 1 of 3: 2 tokens, begins before
        x⟨eos⟩
        ── document 2 of 3: 5 tokens
        ⟨bos⟩hi
        ⟨eos⟩
        ── document 3 of 3: 2 tokens, goes on after
        ⟨bos⟩�


        """, Show(ShownSample.Of(new("sample", 7, 2, "books"), Tokens, Documents, Bytes, isPadded: false)));

    [Fact]
    public void Tokens_have_positions_and_those_that_are_no_targets_say_so() => Assert.Equal(
        """
        sample 7 | step 2 | books | 9 tokens, 6 targets (75.0 %)
        ── document 1 of 3: 2 tokens, begins before
               0      120  "x"  (no target)
               1      257  ⟨eos⟩
        ── document 2 of 3: 5 tokens
               2      256  ⟨bos⟩  (no target)
               3      104  "h"
               4      105  "i"
               5       10  "\n"
               6      257  ⟨eos⟩
        ── document 3 of 3: 2 tokens, goes on after
               7      256  ⟨bos⟩  (no target)
               8      195  <C3>


        """, Show(ShownSample.Of(new("sample", 7, 2, "books"), Tokens, Documents, Bytes, isPadded: false), listsTokens: true));

    [Fact]
    public void Json_has_everything_on_one_line() => Assert.Equal(
        """
        {"index":7,"step":2,"source":"books","targets":6,"padding":0,"documents":[{"position":0,"begins_here":false,"ends_here":true,"text":"x","tokens":[120,257]},{"position":2,"begins_here":true,"ends_here":true,"text":"hi\n","tokens":[256,104,105,10,257]},{"position":7,"begins_here":true,"ends_here":false,"text":"�","tokens":[256,195]}]}

        """, Show(ShownSample.Of(new("sample", 7, 2, "books"), Tokens, Documents, Bytes, isPadded: false), printsJson: true));

    [Fact]
    public void What_fills_a_sample_up_is_no_document_but_an_end_token_that_belongs_to_one_is()
    {
        int[] tokens = [Bos, 'a', Eos, Eos, Eos], documents = [0, 0, 0, 1, 2];
        var padded = ShownSample.Of(new("sample", 0, 1, "a"), tokens, documents, Bytes, isPadded: true);
        Assert.Equal((2, 2, 1), (padded.Padding, padded.Targets, padded.Parts.Count));
        Assert.EndsWith("⟨bos⟩a⟨eos⟩\n── padding: 2 tokens\n\n", Show(padded), StringComparison.Ordinal);
        // A sample of concatenated documents may begin with the end of one.
        var cut = ShownSample.Of(new("sample", 0, 1, "a"), [Eos, Bos, 'a'], [0, 1, 1], Bytes, isPadded: false);
        Assert.Equal((0, 1, 2), (cut.Padding, cut.Targets, cut.Parts.Count));
        Assert.Equal((false, true), (cut.Parts[0].BeginsHere, cut.Parts[0].EndsHere));
    }

    [Fact]
    public void Without_a_begin_token_nobody_knows_where_a_document_begins()
    {
        var sample = ShownSample.Of(new("sample", 0, 1, "a"), [1, 2, 3], [0, 0, 0], new Headless(), isPadded: false);
        Assert.Null(sample.Parts[0].BeginsHere);
        Assert.Equal("sample 0 | step 1 | a | 3 tokens, 2 targets (100.0 %)\n── document 1 of 1: 3 tokens\nB⟨2⟩⟨eos⟩\n\n", Show(sample));
        Assert.DoesNotContain("begins_here", Show(sample, printsJson: true), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain text\twith a tab\nand an end of line", "plain text\twith a tab\nand an end of line")]
    [InlineData("\e[31mred\u009b0m\a\b\r\0", @"\u001b[31mred\u009b0m\u0007\u0008\u000d\u0000")]
    [InlineData("\u202Eevil\u2066\u200F\u2028\uFEFF", @"\u202eevil\u2066\u200f\u2028\ufeff")]
    [InlineData("Grüße, 你好, مرحبا, 👩‍👩‍👧", "Grüße, 你好, مرحبا, 👩‍👩‍👧")]
    public void Text_cannot_act_on_a_terminal(string text, string shown) => Assert.Equal(shown, Visible.Of(text));

    private static string Show(ShownSample sample, bool listsTokens = false, bool printsJson = false)
    {
        var output = new StringWriter { NewLine = "\n" };
        new SampleView(new Terminal(_ => null, isOutputRedirected: true, output, TextWriter.Null), listsTokens, printsJson).Write(new One(sample), 0, 1);
        return output.ToString();
    }

    private sealed class One(ShownSample sample) : ISampleSource
    {
        public IReadOnlyList<string> Legend => [];

        public IEnumerable<ShownSample> Read(long first, long count) => [sample];

        public void Dispose()
        {
        }
    }

    /// <summary>Four ids: nothing, B, one without text, the end.</summary>
    private sealed class Headless : ITokenizer
    {
        public string Name => "headless";

        public string Hash => "";

        public int VocabSize => 4;

        public int? BosToken => null;

        public int EosToken => 3;

        public void Encode(ReadOnlySpan<char> text, List<int> tokens, bool parseSpecials = false, CancellationToken cancellation = default) => throw new NotSupportedException();

        public string Decode(ReadOnlySpan<int> tokens) => new('B', tokens.Count(1));

        public ReadOnlySpan<byte> Bytes(int token) => token == 1 ? "B"u8 : [];

        public int ByteLength(int token) => Bytes(token).Length;

        public void Save(string folder) => throw new NotSupportedException();
    }
}
