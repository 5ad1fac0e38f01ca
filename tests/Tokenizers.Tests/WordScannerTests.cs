using System.Text.RegularExpressions;
using CsCheck;
using SparkTrain.Input;

namespace SparkTrain.Tokenizers.Tests;

public sealed class WordScannerTests
{
    private static readonly RegexSplitter Reference = new(new Regex(WordScanner.Pattern, RegexOptions.CultureInvariant));

    // Pieces that meet every branch of the expression, in every order.
    private static readonly Gen<string> Text = Gen.OneOf(
        Pieces.AnyOf(" ", "  ", "\n", "\r\n", "\t", "'", "'s", "'LL", "'re", "a", "Zz", "é", "日本", "1", "23", "½", "٣", "!", "--", "_",
        "\u00a0", "\u0301", "👍", "𝐀", "𝟘", "\ud83d", "\udc00", "\u0000"),
        Gen.Char.Select(c => c.ToString())).Array[0, 24].Select(string.Concat);

    [Fact]
    public void Cuts_where_the_expression_cuts() =>
        Text.Sample(text => Assert.Equal(Cut(Reference, text), Cut(new WordScanner(), text)), iter: 20_000);

    [Fact]
    public void An_expression_that_backtracks_for_ever_is_an_error_of_the_data()
    {
        var splitter = new RegexSplitter(new Regex("(a|aa)+$", RegexOptions.CultureInvariant, TimeSpan.FromMilliseconds(50)));
        Assert.Contains("(a|aa)+$", Assert.Throws<DataException>(() => Cut(splitter, new string('a', 100) + "b")).Message, StringComparison.Ordinal);
    }

    private static List<int> Cut(TextSplitter splitter, string text)
    {
        var ends = new List<int>();
        splitter.Split(text, ends);
        return ends;
    }
}
