namespace SparkTrain.Input.Tests;

public sealed class ErrorTextTests
{
    [Fact]
    public void The_four_parts_stand_in_their_order() => Assert.Equal("a: b.\n  expected: c\n  do: d", ErrorText.Of("a", "b", "c", "d"));

    [Theory]
    [InlineData(2000, 2000)]
    // 1,500 and 500 letters, and "… (1 letters) …" or "… (98000 letters) …" between.
    [InlineData(2001, 2000 + 15)]
    [InlineData(100_000, 2000 + 19)]
    public void Of_a_long_text_the_middle_is_left_out(int letters, int shown)
    {
        string text = string.Concat(Enumerable.Range(0, letters).Select(i => (char)('a' + i % 26))), @short = ErrorText.Short(text);
        Assert.Equal(shown, @short.Length);
        Assert.Equal((text[..1500], text[^500..]), (@short[..1500], @short[^500..]));
        Assert.Equal(letters > 2000, @short.Contains($"({letters - 2000} letters)", StringComparison.Ordinal));
    }

    [Fact]
    public void No_half_of_a_surrogate_pair_stays()
    {
        for (int before = 0; before < 2; before++)
        {
            string @short = ErrorText.Short(new string('a', before) + string.Concat(Enumerable.Repeat("😀", 2000)));
            Assert.Equal(@short, System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(@short)));
        }
    }

    [Fact]
    public void Any_part_may_be_long() => Assert.InRange(ErrorText.Of(new('w', 9999), new('f', 9999), new('e', 9999), new('d', 9999)).Length, 8000, 8200);
}
