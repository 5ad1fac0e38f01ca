using System.Globalization;

namespace SparkTrain.Configuration.Tests;

public sealed class LayerTests
{
    [Fact]
    public void A_later_layer_wins_and_every_value_knows_its_origin()
    {
        using var folder = new ConfigurationFolder("{\n  \"Shape\": { \"Width\": 8, \"Colour\": \"Red\" },\n  \"Steps\": { \"Batch\": 2, \"Tokens\": 5 }\n}");
        folder.Set("STEPS__BATCH", "3");
        folder.Set("Steps__Tokens", "6");
        var resolved = folder.Load("Steps.Batch=4", "steps:lr=0.5");

        Assert.Equal((4, 6L, 0.5), (resolved.Value.Steps.Batch, resolved.Value.Steps.Tokens, resolved.Value.Steps.Lr));
        var origins = resolved.Values.ToDictionary(v => v.Key, v => $"{v.Text} from {v.Origin}");
        Assert.Equal($"8 from {folder.File}:2:14", origins["Shape.Width"]);
        Assert.Equal("4 from --set", origins["Steps.Batch"]);
        Assert.Equal("0.5 from --set", origins["Steps.Lr"]);
        Assert.Equal($"6 from environment {folder.Prefix}Steps__Tokens", origins["Steps.Tokens"]);
        Assert.Equal("true from default", origins["Steps.Keep"]);
        Assert.Equal("[1, 2] from default", origins["Steps.Stops"]);
        Assert.Equal("null from default", origins["Removal"]);
    }

    [Fact]
    public void A_key_that_has_moved_is_read_under_its_former_name_in_every_layer()
    {
        using var folder = new ConfigurationFolder("""{ "Shape": { "Width": 8, "Colour": "Red" }, "LearningRate": 0.25 }""");
        Assert.Equal(0.25, folder.Load().Value.Steps.Lr);
        Assert.Equal($"0.25 from {folder.File}:1:45", folder.Load().Values.Where(v => v.Key == "Steps.Lr").Select(v => $"{v.Text} from {v.Origin}").Single());
        folder.Set("LearningRate", "0.5");
        Assert.Equal(0.5, folder.Load().Value.Steps.Lr);
        Assert.Equal(0.75, folder.Load("LearningRate=0.75").Value.Steps.Lr);
        Assert.Equal(0.125, folder.Load("Steps.Lr=0.125").Value.Steps.Lr);
    }

    [Fact]
    public void A_key_under_both_of_its_names_is_refused()
    {
        using var folder = new ConfigurationFolder("""{ "Shape": { "Width": 8, "Colour": "Red" }, "LearningRate": 0.25, "Steps": { "Lr": 0.25 } }""");
        Assert.Contains("LearningRate  is the former name of Steps.Lr, which is set too.", folder.Report(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_last_override_of_a_key_wins()
    {
        using var folder = new ConfigurationFolder();
        Assert.Equal(7, folder.Load("Steps.Batch=5", "steps.batch=7").Value.Steps.Batch);
    }

    [Fact]
    public void An_override_heals_what_the_file_says_wrongly()
    {
        using var folder = new ConfigurationFolder("""{ "Shape": { "Width": "eight", "Colour": "Red" } }""");
        Assert.Equal(8, folder.Load("Shape.Width=8").Value.Shape.Width);
    }

    [Fact]
    public void Null_in_the_file_beats_a_default_that_is_not_null()
    {
        using var folder = new ConfigurationFolder();
        Assert.Equal(30.0, folder.Load().Value.Shape.Softcap);
        Assert.Null(folder.Load("Shape.Softcap=null").Value.Shape.Softcap);
        folder.Write("""{ "Shape": { "Width": 8, "Colour": "Red", "Softcap": null } }""");
        var resolved = folder.Load();
        Assert.Null(resolved.Value.Shape.Softcap);
        Assert.Equal("1:43", resolved.Values.Single(v => v.Key == "Shape.Softcap").Origin.ToString()[(folder.File.Length + 1)..]);
        Assert.Equal(2.5, folder.Load("Shape.Softcap=2.5").Value.Shape.Softcap);
    }

    [Fact]
    public void A_section_that_may_be_null_exists_as_soon_as_one_key_is_given()
    {
        using var folder = new ConfigurationFolder();
        Assert.Null(folder.Load().Value.Removal);
        Assert.Equal(7, folder.Load("Removal.From=7").Value.Removal!.From);
        folder.Write("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Removal": { "From": 3 } }""");
        Assert.Equal(3, folder.Load().Value.Removal!.From);
        Assert.Null(folder.Load("Removal=null").Value.Removal);
    }

    [Theory]
    [InlineData("[9]", new[] { 9 })]
    [InlineData("9", new[] { 9 })]
    [InlineData(" 4 , 5,6 ", new[] { 4, 5, 6 })]
    [InlineData("[]", new int[0])]
    [InlineData("", new int[0])]
    public void An_override_replaces_a_list_whole(string text, int[] expected)
    {
        using var folder = new ConfigurationFolder("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Stops": [7, 8, 9] } }""");
        Assert.Equal(expected, folder.Load($"Steps.Stops={text}").Value.Steps.Stops);
    }

    [Fact]
    public void A_list_in_the_file_replaces_the_default_and_may_be_empty()
    {
        using var folder = new ConfigurationFolder();
        Assert.Equal([1, 2], folder.Load().Value.Steps.Stops);
        folder.Write("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Stops": [9] } }""");
        Assert.Equal([9], folder.Load().Value.Steps.Stops);
        folder.Write("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Stops": [] } }""");
        Assert.Equal([], folder.Load().Value.Steps.Stops);
    }

    [Fact]
    public void Lists_of_enumerations_and_of_sections_are_bound_in_order()
    {
        using var folder = new ConfigurationFolder("""
            { "Shape": { "Width": 8, "Colour": "Red" }, "Sources": [{ "Path": "a", "Weight": 0.25 }, { "Path": "b" }] }
            """);
        folder.Set("Shape__Layers", "red,Green");
        var value = folder.Load().Value;
        Assert.Equal([Colour.Red, Colour.Green], value.Shape.Layers);
        Assert.Equal([new SourceConfig { Path = "a", Weight = 0.25 }, new SourceConfig { Path = "b" }], value.Sources);
    }

    [Fact]
    public void Text_may_hold_commas_equals_signs_and_nothing()
    {
        using var folder = new ConfigurationFolder();
        Assert.Equal("a=b, c", folder.Load("Steps.Remark=a=b, c").Value.Steps.Remark);
        Assert.Equal("", folder.Load("Steps.Remark=").Value.Steps.Remark);
    }

    [Fact]
    public void Variables_of_one_word_that_are_no_keys_belong_to_others()
    {
        using var folder = new ConfigurationFolder();
        folder.Set("LIBTORCH", "/opt/libtorch");
        folder.Set("NAME", "from-the-environment");
        Assert.Equal("from-the-environment", folder.Load().Value.Name);
    }

    [Fact]
    public void A_schema_line_is_allowed_at_the_root_only()
    {
        using var folder = new ConfigurationFolder("""{ "$schema": "x.json", "Shape": { "Width": 8, "Colour": "Red" } }""");
        Assert.Equal(8, folder.Load().Value.Shape.Width);
        folder.Write("""{ "Shape": { "$schema": "x.json", "Width": 8, "Colour": "Red" } }""");
        Assert.Contains("1:14  Shape.$schema  unknown key.", folder.Report(), StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_are_fresh_in_every_load()
    {
        using var folder = new ConfigurationFolder();
        Assert.Equal(9, folder.Load("Steps.Batch=9").Value.Steps.Batch);
        Assert.Equal(4, folder.Load().Value.Steps.Batch);
    }

    [Fact]
    public void Numbers_do_not_depend_on_the_culture()
    {
        // Built by hand because the project runs without culture data: as in German, 1,5 is one and a half and 1.000 a thousand.
        var german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        german.NumberFormat.NumberDecimalSeparator = ",";
        german.NumberFormat.NumberGroupSeparator = ".";
        german.NumberFormat.NegativeSign = "−";
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = german;
        try
        {
            Assert.Equal("1,5", $"{1.5}");
            using var folder = new ConfigurationFolder("""{ "Shape": { "Width": 8, "Colour": "Red", "Softcap": 1.5 }, "Steps": { "Lr": 0.25 } }""");
            var resolved = folder.Load("Steps.Lr=0.125");
            Assert.Equal((1.5, 0.125), (resolved.Value.Shape.Softcap, resolved.Value.Steps.Lr));
            Assert.Contains("\"Lr\": 0.125", resolved.ToJson(), StringComparison.Ordinal);
            folder.Write("""{ "Shape": { "Width": -8, "Colour": "Red", "Softcap": 0.0001 } }""");
            Assert.Contains("1:14  Shape.Width    is -8; must be from 1 to 4096.", folder.Report(), StringComparison.Ordinal);
            Assert.Contains("1:44  Shape.Softcap  is 0.0001; must be from 0.001 to 1000000.", folder.Report(), StringComparison.Ordinal);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
