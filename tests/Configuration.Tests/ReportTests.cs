namespace SparkTrain.Configuration.Tests;

public sealed class ReportTests
{
    [Fact]
    public void All_problems_come_at_once_in_the_order_of_the_file_and_aligned()
    {
        using var folder = new ConfigurationFolder("""
            {
              // A comment, and a trailing comma below.
              "Shape": {
                "Width": 5000,
                "Colour": "Purple",
                "Softcap": null,
              },
              "Stepps": { "Batch": 1 },
              "Steps": {
                "Batch": -4,
                "Lr": 2,
                "Batch": 5,
              },
            }
            """);
        folder.Set("Steps__Keep", "perhaps");
        Assert.Equal("""
            a.json: 6 problems
              4:5   Shape.Width   is 5000; must be from 1 to 4096.
              5:5   Shape.Colour  is "Purple"; must be one of Red, Green.
              8:3   Stepps        unknown key. Did you mean Steps?
                                  The root has Name, Shape, Steps, Sources, Removal.
              10:5  Steps.Batch   is -4; must be from 1 to 65536.
              11:5  Steps.Lr      is 2; must be greater than 0 and at most 1.
              12:5  Steps.Batch   is given twice; the first is at 10:5.
                                  Keep one of them.
            environment: 1 problem
              SPARKTRAIN_Steps__Keep  Steps.Keep  is "perhaps"; must be true or false.
            --set: 2 problems
              Steps.Tokens  is "1e6"; must be a whole number, at least 0.
                            Write it plainly: 1000000.
              Removal.Form  unknown key. Did you mean From?
                            Removal has From.
            """.ReplaceLineEndings("\n"), folder.Report("Steps.Tokens=1e6", "Removal.Form=3", "Removal.From=3"));
    }

    [Fact]
    public void Rules_over_several_keys_wait_until_the_keys_are_sound_but_sound_sections_are_judged()
    {
        // Width is missing, so neither Shape's own rules nor the root's (which read Width) may speak.
        using var folder = new ConfigurationFolder("""{ "Shape": { "Colour": "Red", "Layers": ["Red"] }, "Steps": { "Batch": 60000 } }""");
        var problem = Assert.Single(Assert.Throws<ConfigurationException>(() => folder.Load()).Problems);
        Assert.Equal("Shape.Width", problem.Key);
    }

    [Fact]
    public void Problems_of_the_rules_of_two_sections_are_reported_together()
    {
        using var folder = new ConfigurationFolder("""{ "Shape": { "Width": 13, "Colour": "Red", "Layers": ["Red"] }, "Steps": { "Batch": 27 } }""");
        var problems = Assert.Throws<ConfigurationException>(() => folder.Load()).Problems;
        Assert.Equal(["Shape", "Shape.Layers", "Steps.Batch"], problems.Select(p => p.Key));
    }

    [Fact]
    public void Columns_count_characters_not_bytes()
    {
        using var folder = new ConfigurationFolder("""{ /* größer → */ "Nmae": 1, "Shape": { "Width": 8, "Colour": "Red" } }""");
        var problem = Assert.Single(Assert.Throws<ConfigurationException>(() => folder.Load()).Problems);
        Assert.Equal((1, 18), (problem.Where.Line, problem.Where.Column));
    }

    [Fact]
    public void A_byte_order_mark_and_carriage_returns_do_not_move_places()
    {
        using var folder = new ConfigurationFolder("\uFEFF{\r\n  \"Nmae\": 1, \"Shape\": { \"Width\": 8, \"Colour\": \"Red\" } }");
        var problem = Assert.Single(Assert.Throws<ConfigurationException>(() => folder.Load()).Problems);
        Assert.Equal((2, 3), (problem.Where.Line, problem.Where.Column));
    }

    [Theory]
    [InlineData("{ // one\r // two\r  \"Nmae\": 1, \"Shape\": { \"Width\": 8, \"Colour\": \"Red\" } }", 3, 3)]
    [InlineData("{\r\r\"Nmae\": 1, \"Shape\": { \"Width\": 8, \"Colour\": \"Red\" } }", 3, 1)]
    [InlineData("{ // one\r\r\r // two\r!", 5, 1)]
    [InlineData("{ /* \r */ \"a\": nil }", 2, 11)]
    public void A_carriage_return_alone_ends_a_line_wherever_it_stands(string json, int line, int column)
    {
        using var folder = new ConfigurationFolder(json);
        var problem = Assert.Single(Assert.Throws<ConfigurationException>(() => folder.Load()).Problems);
        Assert.Equal((line, column), (problem.Where.Line, problem.Where.Column));
    }

    [Theory]
    [InlineData("\"LONG\": 1")]
    [InlineData("\"Shape\": { \"Width\": \"LONG\", \"Colour\": \"Red\" }")]
    [InlineData("\"Shape\": nLONG")]
    public void What_a_report_quotes_is_of_any_length_and_the_report_is_not(string json)
    {
        using var folder = new ConfigurationFolder($"{{ {json.Replace("LONG", new('x', 100_000), StringComparison.Ordinal)} }}");
        Assert.InRange(folder.Report().Length, 100, 5000);
    }
}
