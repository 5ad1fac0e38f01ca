namespace SparkTrain.Configuration.Tests;

/// <summary>Every kind of problem, with its line and column and its whole wording.</summary>
public sealed class ProblemTests
{
    [Theory]
    // Unknown keys.
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Layer": [] } }""",
        "1:43  Shape.Layer  unknown key. Did you mean Layers? / Shape has Width, Colour, Layers, Softcap.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "soft_cap": 1 } }""",
        "1:43  Shape.soft_cap  unknown key. Did you mean Softcap? / Shape has Width, Colour, Layers, Softcap.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Lr": 1 } }""",
        "1:43  Shape.Lr  unknown key. Did you mean Steps.Lr? / Shape has Width, Colour, Layers, Softcap.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Zebra": { "Deep": { } } }""",
        "1:45  Zebra  unknown key. / The root has Name, Shape, Steps, Sources, Removal.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Shape:Width": 9 }""",
        "1:45  Shape.Width  is no key name. / Write nested sections as objects: \"A\": { \"B\": … }.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Area": 64 } }""",
        "1:43  Shape.Area  unknown key. / Shape has Width, Colour, Layers, Softcap.")]
    // Missing keys.
    [InlineData("""{ "Shape": { "Colour": "Red" } }""",
        "1:3  Shape.Width  is missing; must be given: a whole number from 1 to 4096. / Width, in units.")]
    [InlineData("""{ }""",
        "1:1  Shape  is missing; must be given: a section with Width, Colour, Layers, Softcap. / The shape.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Removal": { } }""",
        "1:45  Removal.From  is missing; must be given: a whole number from 0 to 1000. / First step.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Sources": [{ "Path": "x" }, { "Weight": 1 }] }""",
        "1:74  Sources[1].Path  is missing; must be given: text. / Path of the folder.")]
    // Wrong types.
    [InlineData("""{ "Shape": { "Width": "8", "Colour": "Red" } }""",
        "1:14  Shape.Width  is \"8\"; must be a whole number from 1 to 4096. / Write 8 without quotes.")]
    [InlineData("""{ "Shape": { "Width": 1e3, "Colour": "Red" } }""",
        "1:14  Shape.Width  is 1e3; must be a whole number from 1 to 4096. / Write it plainly: 1000.")]
    [InlineData("""{ "Shape": { "Width": 1.5, "Colour": "Red" } }""",
        "1:14  Shape.Width  is 1.5; must be a whole number from 1 to 4096.")]
    [InlineData("""{ "Shape": { "Width": 3000000000, "Colour": "Red" } }""",
        "1:14  Shape.Width  is 3000000000; must be a whole number from 1 to 4096. / The largest is 2147483647.")]
    [InlineData("""{ "Shape": { "Width": null, "Colour": "Red" } }""",
        "1:14  Shape.Width  is null; must be a whole number from 1 to 4096.")]
    [InlineData("""{ "Shape": { "Width": { "X": 1 }, "Colour": "Red" } }""",
        "1:14  Shape.Width  is a section; must be a whole number from 1 to 4096.")]
    [InlineData("""{ "Shape": { "Width": [8], "Colour": "Red" } }""",
        "1:14  Shape.Width  is a list; must be a whole number from 1 to 4096.")]
    [InlineData("""{ "Shape": "square" }""",
        "1:3  Shape  is \"square\"; must be a section with Width, Colour, Layers, Softcap.")]
    [InlineData("""{ "Shape": [] }""",
        "1:3  Shape  is a list; must be a section with Width, Colour, Layers, Softcap.")]
    [InlineData("""{ "Shape": null }""",
        "1:3  Shape  is null; must be a section with Width, Colour, Layers, Softcap.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Softcap": "NaN" } }""",
        "1:43  Shape.Softcap  is \"NaN\"; must be a number from 0.001 to 1000000, or null.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Softcap": 1e999 } }""",
        "1:43  Shape.Softcap  is 1e999; must be a number from 0.001 to 1000000, or null.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Name": 5 }""",
        "1:45  Name  is 5; must be text, matches [a-z0-9-]+. / Write \"5\" in quotes.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Keep": "true" } }""",
        "1:56  Steps.Keep  is \"true\"; must be true or false. / Write true without quotes.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Keep": 1 } }""",
        "1:56  Steps.Keep  is 1; must be true or false.")]
    // Enumerations.
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Gren" } }""",
        "1:26  Shape.Colour  is \"Gren\"; must be one of Red, Green. / Did you mean Green?")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": 1 } }""",
        "1:26  Shape.Colour  is 1; must be one of Red, Green.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "1" } }""",
        "1:26  Shape.Colour  is \"1\"; must be one of Red, Green.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red, Green" } }""",
        "1:26  Shape.Colour  is \"Red, Green\"; must be one of Red, Green. / Did you mean Green?")]
    // Lists.
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Layers": ["Red", "Blau"] } }""",
        "1:61  Shape.Layers[1]  is \"Blau\"; must be one of Red, Green.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Layers": "Red" } }""",
        "1:43  Shape.Layers  is \"Red\"; must be a list of Red | Green, at most 4 entries.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Layers": ["Red", "Red", "Red", "Red", "Red"] } }""",
        "1:43  Shape.Layers  has 5 entries; must have at most 4 entries.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Stops": [5, 5000] } }""",
        "1:69  Steps.Stops[1]  is 5000; must be from 0 to 1000.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Sources": ["x"] }""",
        "1:57  Sources[0]  is \"x\"; must be a section with Path, Weight.")]
    // Ranges and patterns.
    [InlineData("""{ "Shape": { "Width": -4, "Colour": "Red" } }""",
        "1:14  Shape.Width  is -4; must be from 1 to 4096.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Lr": 0 } }""",
        "1:56  Steps.Lr  is 0; must be greater than 0 and at most 1.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Tokens": -9000000000 } }""",
        "1:56  Steps.Tokens  is -9000000000; must be at least 0.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Name": "Big Run" }""",
        "1:45  Name  is \"Big Run\"; must match [a-z0-9-]+.")]
    // Rules over several keys: at the key, at its section when it is absent, at the section without a member name.
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Layers": ["Red"] } }""",
        "1:43  Shape.Layers  has 1 entry; must have none or several.")]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Batch": 17 } }""",
        "1:56  Steps.Batch  is 17; must be at most twice Shape.Width = 8.")]
    [InlineData("""{ "Steps": { "Keep": true }, "Shape": { "Width": 1, "Colour": "Red" } }""",
        "1:3  Steps.Batch  is 4; must be at most twice Shape.Width = 1. / It is not set: this is its default.")]
    [InlineData("""{ "Shape": { "Width": 13, "Colour": "Red" } }""",
        "1:3  Shape  has an unlucky width.")]
    // Duplicates.
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "width": 9 } }""",
        "1:43  Shape.width  is given twice; the first is at 1:14. / Keep one of them.")]
    public void One_problem_is_reported_at_its_place(string json, string expected)
    {
        using var folder = new ConfigurationFolder(json);
        Assert.Equal("a.json: 1 problem / " + expected, Flat(folder.Report()));
    }

    [Theory]
    [InlineData("Shape.Wdth=8", "--set: 1 problem / Shape.Wdth  unknown key. Did you mean Width? / Shape has Width, Colour, Layers, Softcap.")]
    [InlineData("Shpae.Width=8", "--set: 1 problem / Shpae  unknown key. Did you mean Shape? / The root has Name, Shape, Steps, Sources, Removal.")]
    [InlineData("Shape.Width", "--set: 1 problem / Shape.Width  has no value; must be Section.Key=value.")]
    [InlineData("=8", "--set: 1 problem / =8  has no key; must be Section.Key=value.")]
    [InlineData("Shape..Width=8", "--set: 1 problem / Shape..Width=8  has no key; must be Section.Key=value.")]
    [InlineData("Shape.Width=wide", "--set: 1 problem / Shape.Width  is \"wide\"; must be a whole number from 1 to 4096.")]
    [InlineData("Shape.Width=-4", "--set: 1 problem / Shape.Width  is -4; must be from 1 to 4096.")]
    [InlineData("Shape.Width=", "--set: 1 problem / Shape.Width  is \"\"; must be a whole number from 1 to 4096.")]
    [InlineData("Shape.Width=null", "--set: 1 problem / Shape.Width  is \"null\"; must be a whole number from 1 to 4096.")]
    [InlineData("Shape.Width=٨", "--set: 1 problem / Shape.Width  is \"٨\"; must be a whole number from 1 to 4096.")]
    [InlineData("Shape.Softcap=Infinity", "--set: 1 problem / Shape.Softcap  is \"Infinity\"; must be a number from 0.001 to 1000000, or null.")]
    [InlineData("Shape.Softcap=1,5", "--set: 1 problem / Shape.Softcap  is \"1,5\"; must be a number from 0.001 to 1000000, or null.")]
    [InlineData("Shape=3", "--set: 1 problem / Shape  is \"3\"; must be a section with Width, Colour, Layers, Softcap. / Set its keys one by one: Shape.Width=…")]
    [InlineData("Shape.Width.Deep=3", "--set: 1 problem / Shape.Width  is a section; must be a whole number from 1 to 4096.")]
    [InlineData("Shape.Layers[0]=Red", "--set: 1 problem / Shape.Layers  is a section; must be a list of Red | Green, at most 4 entries. / A list is given whole: Shape.Layers=[…, …].")]
    [InlineData("Shape.Layers=[Red", "--set: 1 problem / Shape.Layers  is \"[Red\"; must be a list of Red | Green, at most 4 entries. / A list is given whole: Shape.Layers=[…, …].")]
    [InlineData("Sources[0].Weight=3", "--set: 1 problem / Sources  is a section; must be a list of a section with Path, Weight. / A list of sections is changed in the file.")]
    [InlineData("Steps.Batch=17", "--set: 1 problem / Steps.Batch  is 17; must be at most twice Shape.Width = 8.")]
    public void A_wrong_override_is_reported_as_such(string text, string expected)
    {
        using var folder = new ConfigurationFolder();
        Assert.Equal(expected, Flat(folder.Report(text)));
    }

    [Fact]
    public void A_wrong_environment_variable_is_named()
    {
        using var folder = new ConfigurationFolder();
        folder.Set("SHAPE__WIDTH", "wide");
        folder.Set("Steps__Bach", "1");
        Assert.Equal(
            "environment: 2 problems / " +
            "SPARKTRAIN_SHAPE__WIDTH  Shape.Width  is \"wide\"; must be a whole number from 1 to 4096. / " +
            "SPARKTRAIN_Steps__Bach   Steps.Bach   unknown key. Did you mean Batch? / Steps has Batch, Tokens, Lr, Keep, Remark, Stops.",
            Flat(folder.Report()).Replace("a.json", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "1:1  is empty; must be a JSON object: { … }.")]
    [InlineData("[1]", "1:1  must be a JSON object: { … }. / | [1] / | ^")]
    [InlineData("{\n  \"Name\": \"a\"\n  \"Shape\": {}\n}", "3:3  is no valid JSON: '\"' is invalid after a value. Expected either ',', '}', or ']'. / |   \"Shape\": {} / |   ^")]
    [InlineData("{ \"Näme\": tru }", "1:14  is no valid JSON: 'tru }' is an invalid JSON literal. Expected the literal 'true'. / | { \"Näme\": tru } / |              ^")]
    [InlineData("{} {}", "1:4  is no valid JSON: '{' is invalid after a single JSON value. Expected end of data. / | {} {} / |    ^")]
    [InlineData("{ \"Name\": \"\\ud800\" }", "1:11  is no valid Unicode text. / | { \"Name\": \"\\ud800\" } / |           ^")]
    public void Broken_json_is_shown_with_a_caret(string json, string expected)
    {
        using var folder = new ConfigurationFolder(json);
        Assert.Equal("a.json: 1 problem / " + expected, Flat(folder.Report()));
    }

    [Fact]
    public void A_file_that_is_absent_or_far_too_long_is_refused()
    {
        using var folder = new ConfigurationFolder();
        File.Delete(folder.File);
        Assert.StartsWith("a.json: cannot be read: ", folder.Report(), StringComparison.Ordinal);
        folder.Write(new string(' ', 5_000_000));
        Assert.Equal("a.json: cannot be read: it has 5000000 bytes, more than 4194304. Give a readable JSON configuration file.", folder.Report());
    }

    [Fact]
    public void A_value_that_turns_out_wrong_later_is_reported_at_its_place()
    {
        using var folder = new ConfigurationFolder("{\n  \"Shape\": { \"Width\": 8, \"Colour\": \"Red\" },\n  \"Steps\": { \"Batch\": 6 }\n}");
        var refusal = folder.Load().Refuse("Steps.Batch", "is 6; must be a multiple of 4.", "Nearest: 4 or 8.");
        Assert.Equal("a.json: 1 problem / 3:14  Steps.Batch  is 6; must be a multiple of 4. / Nearest: 4 or 8.", Flat(refusal.Message.Replace(folder.File, "a.json", StringComparison.Ordinal)));
    }

    /// <summary>One line of the report after another, without the indentation.</summary>
    private static string Flat(string report) => string.Join(" / ", report.Split('\n').Select(line => line.Trim()));
}
