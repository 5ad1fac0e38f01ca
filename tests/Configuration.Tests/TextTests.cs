using CsCheck;

namespace SparkTrain.Configuration.Tests;

public sealed class TextTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("", "ABC", 3)]
    [InlineData("KITTEN", "SITTING", 3)]
    [InlineData("ACTIVE", "ACTVIE", 1)]
    [InlineData("WIDTH", "WDTH", 1)]
    public void Edit_distances_are_the_textbook_ones(string a, string b, int distance) => Assert.Equal(distance, NearestName.Distance(a, b));

    [Fact]
    public void Edit_distance_is_symmetric_and_bounded_by_the_longer_word() =>
        Gen.Select(Gen.String[Gen.Char['A', 'B'], 0, 6], Gen.String[Gen.Char['A', 'B'], 0, 6]).Sample((a, b) =>
        {
            var distance = NearestName.Distance(a, b);
            Assert.Equal(distance, NearestName.Distance(b, a));
            Assert.InRange(distance, Math.Abs(a.Length - b.Length), Math.Max(a.Length, b.Length));
            Assert.Equal(distance == 0, a == b);
        });

    [Theory]
    [InlineData("num_layers", "NumLayers")]
    [InlineData("--confg", "--config")]
    [InlineData("numlayer", "NumLayers")]
    [InlineData("Zebra", null)]
    [InlineData("", null)]
    public void The_nearest_name_is_found_or_none(string typed, string? expected) =>
        Assert.Equal(expected, NearestName.Of(typed, ["NumLayers", "NumHeads", "--config"]));

    [Theory]
    [InlineData("a,b", new[] { "a", "b" })]
    [InlineData("[ a , b ]", new[] { "a", "b" })]
    [InlineData("[\"a,b\", \"c\"]", new[] { "a,b", "c" })]
    [InlineData("[]", new string[0])]
    [InlineData("[", null)]
    [InlineData("]", null)]
    [InlineData("[a", null)]
    [InlineData("a]", null)]
    [InlineData("\"a", null)]
    public void Lists_are_split_at_commas_outside_quotes(string text, string[]? expected) => Assert.Equal(expected, ListText.Split(text));

    [Theory]
    [InlineData(1e-6, "1e-6")]
    [InlineData(1e22, "1e22")]
    [InlineData(0.0003, "0.0003")]
    [InlineData(-2.5e-300, "-2.5e-300")]
    [InlineData(30.0, "30")]
    public void Numbers_are_written_as_people_write_them(double number, string expected) => Assert.Equal(expected, ScalarText.Format(number));
}
