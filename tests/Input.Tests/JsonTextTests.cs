using System.Text;
using System.Text.Json;

namespace SparkTrain.Input.Tests;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("""{"a":"\ud83d\ude00 \u00e9 \\ud800"}""")]
    [InlineData("""{"\u0061":["x",{"b":"y"}],"a":null}""")]
    [InlineData("\"text\"")]
    [InlineData("[[[1]],\"\"]")]
    public void What_is_text_is_parsed(string json)
    {
        using var parsed = JsonText.Parse(json);
        Assert.Equal(json, parsed.RootElement.GetRawText());
    }

    // Places counted by hand: lines and bytes from 0, as the reader of .NET counts them.
    [Theory]
    [InlineData("""{"a":"\ud800"}""", "a holds half a surrogate pair", 0, 5)]
    [InlineData("""{"a":"\udc00\ud800"}""", "a holds half a surrogate pair", 0, 5)]
    [InlineData("""{"a":{"b":[1,"\ud800x"]}}""", "a.b holds half a surrogate pair", 0, 13)]
    [InlineData("{\"a\":[{\"b\":1},\n \"\\ud800\"]}", "a holds half a surrogate pair", 1, 1)]
    [InlineData("{\"x\":{\"b\":1},\"a\":\"\\ud83d\"}", "a holds half a surrogate pair", 0, 17)]
    [InlineData("""{"k\ud800":1}""", @"k\ud800 holds half a surrogate pair", 0, 1)]
    [InlineData("""["\ud800"]""", "a text holds half a surrogate pair", 0, 1)]
    [InlineData("""{"a":"\ud83d\u0061"}""", "a holds half a surrogate pair", 0, 5)]
    public void Half_a_pair_is_refused_with_its_place(string json, string message, int line, int column)
    {
        var e = Assert.Throws<JsonException>(() => JsonText.Parse(json));
        Assert.StartsWith(message + " LineNumber", e.Message, StringComparison.Ordinal);
        Assert.Equal((line, column), (e.LineNumber, e.BytePositionInLine));
        // What happens without the check: the document is made, and whoever asks for its text gets an exception of another kind.
        using var unchecked_ = JsonDocument.Parse(json);
    }

    [Fact]
    public void Bytes_that_are_not_utf_8_are_refused()
    {
        byte[] json = [.. "{\"a\":\""u8, 0xE9, .. "\"}"u8];
        Assert.StartsWith("a holds bytes that are not UTF-8", Assert.Throws<JsonException>(() => JsonText.Parse(json)).Message, StringComparison.Ordinal);
        byte[] name = [.. "{\""u8, 0xE9, .. "\":1}"u8];
        Assert.Contains("bytes that are not UTF-8", Assert.Throws<JsonException>(() => JsonText.Parse(name)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_options_allow_is_allowed()
    {
        var options = new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 3 };
        using var parsed = JsonText.Parse("{/* c */\"a\":[[1,],],}", options);
        Assert.ThrowsAny<JsonException>(() => JsonText.Parse("[[[[1]]]]", options));
        Assert.ThrowsAny<JsonException>(() => JsonText.Parse("[1,]"));
        Assert.ThrowsAny<JsonException>(() => JsonText.Parse(Encoding.UTF8.GetBytes("{\"a\":")));
    }
}
