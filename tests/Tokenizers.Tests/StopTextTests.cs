using System.Text;
using CsCheck;

namespace SparkTrain.Tokenizers.Tests;

public sealed class StopTextTests
{
    [Theory]
    [InlineData("one two three", "one two three", "stop")]
    [InlineData("one two three", "one ", "two")]
    [InlineData("one two three", "", "one")]
    [InlineData("one two three", "on", "one two", "ee", "e")]           // "one two" would begin earlier, but is not complete yet
    [InlineData("ababac", "ab", "abac")]                                  // the beginning at 0 fails, the one at 2 does not
    [InlineData("xabcd", "x", "bcd", "abcd")]                            // both end together
    [InlineData("xabcd", "xa", "abcd", "bc")]
    [InlineData("line\n\nnext", "line", "\n\n")]
    [InlineData("na\u00efve caf\u00e9!", "na\u00efve caf", "\u00e9!")]
    [InlineData("cafe\u0301", "cafe\u0301", "\u00e9")]                    // characters are compared, not what they look like
    public void A_text_ends_before_the_stop_string_that_is_complete_first(string text, string expected, params string[] stops)
    {
        foreach (int size in (int[])[1, 2, 3, text.Length]) Assert.Equal(expected, Run(text.Chunk(size).Select(piece => new string(piece)), stops));
    }

    [Fact]
    public void Nothing_is_shown_that_a_stop_string_takes_back_and_nothing_is_held_for_long() =>
        (from text in Gen.Char["abc"].Array[0, 30] from cuts in Gen.Int[1, 5].Array[30] from stops in Gen.Char["abc"].Array[1, 5].Array[0, 4]
         select (new string(text), cuts, stops.Select(stop => new string(stop)).ToArray())).Sample((text, cuts, stops) =>
        {
            string expected = Expected(text, stops);
            var stop = new StopText(stops);
            var shown = new StringBuilder();
            int fed = 0, longest = stops.Select(s => s.Length).DefaultIfEmpty(1).Max();
            foreach (int cut in cuts.Where(_ => fed < text.Length))
            {
                string piece = text[fed..Math.Min(text.Length, fed + cut)];
                fed += piece.Length;
                shown.Append(stop.Append(piece));
                Assert.StartsWith(shown.ToString(), expected, StringComparison.Ordinal);
                Assert.True(shown.Length >= Math.Min(expected.Length, fed - longest + 1), $"{shown.Length} of {fed} characters are shown");
            }
            Assert.Equal(expected.Length < text.Length || stops.Any(s => text.EndsWith(s, StringComparison.Ordinal)), stop.IsComplete);
            Assert.Equal(expected, shown + stop.Flush());
        }, iter: 5000);

    private static string Run(IEnumerable<string> pieces, string[] stops)
    {
        var stop = new StopText(stops);
        var shown = new StringBuilder();
        foreach (string piece in pieces) shown.Append(stop.Append(piece));
        return shown + stop.Flush();
    }

    // Looks at the text after each of its characters.
    private static string Expected(string text, string[] stops)
    {
        for (int end = 1; end <= text.Length; end++)
            if (stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).MaxBy(stop => stop.Length) is { } found) return text[..(end - found.Length)];
        return text;
    }
}
