using System.Text;

namespace SparkTrain.Tokenizers.Tests;

public sealed class ContinuedTextTests
{
    [Fact]
    public void Characters_come_whole_and_stop_strings_not_at_all()
    {
        var text = new ContinuedText(new ByteTokenizer(), ["\u2603b"]);
        byte[] bytes = [.. "a\u2603\U0001F600\u2603b!"u8];
        string[] pieces = [.. bytes.Select((b, i) => text.Append(b, isLast: i == bytes.Length - 1))];
        Assert.Equal(["a", "", "", "", "", "", "", "\u2603\U0001F600", "", "", "", "", ""], pieces);
        Assert.True(text.IsStopped);
    }

    [Fact]
    public void The_last_token_shows_what_was_held_back_and_marks_half_a_character()
    {
        var text = new ContinuedText(new ByteTokenizer(), ["stop"]);
        byte[] bytes = [.. Encoding.UTF8.GetBytes("\U0001F600sto"), 0xE2];
        string[] pieces = [.. bytes.Select((b, i) => text.Append(b, isLast: i == bytes.Length - 1))];
        Assert.Equal(["", "", "", "\U0001F600", "", "", "", "sto\uFFFD"], pieces);
        Assert.Equal((5, false), (text.DecodedCharacters, text.IsStopped));
    }

    [Fact]
    public void An_id_beyond_the_tokenizers_has_no_text() => Assert.Equal("a\u2603", ContinuedText.Of(new ByteTokenizer(), [256, 'a', 0xE2, 300, 0x98, 0x83, 257]));
}
