using System.Text.Json;

namespace SparkTrain.Configuration.Tests;

public sealed class JsonSchemaTests
{
    private static readonly string Schema = JsonSchemaWriter.Write<SampleConfig>("Sample");

    [Theory]
    [InlineData("""{ "$schema": "x", "Shape": { "Width": 8, "Colour": "Red" } }""", true)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Softcap": null, "Layers": ["Red", "Green"] } }""", true)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Removal": null, "Name": "a-1" }""", true)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Lr": 1e-3, "Remark": null, "Tokens": 9000000000000000000 } }""", true)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Sources": [{ "Path": "a", "Weight": 0.5 }], "Removal": { "From": 3 } }""", true)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Extra": 1 } }""", false)]
    [InlineData("""{ "Shape": { "Width": 8 } }""", false)]
    [InlineData("""{ "Shape": { "Width": "8", "Colour": "Red" } }""", false)]
    [InlineData("""{ "Shape": { "Width": 1.5, "Colour": "Red" } }""", false)]
    [InlineData("""{ "Shape": { "Width": 5000, "Colour": "Red" } }""", false)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Blue" } }""", false)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Layers": ["Blue"] } }""", false)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red", "Layers": ["Red", "Red", "Red", "Red", "Red"] } }""", false)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Name": "Big Run" }""", false)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Lr": 0 } }""", false)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Stops": [5000] } }""", false)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Steps": { "Stops": null } }""", false)]
    [InlineData("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Sources": [{ "Weight": 0.5 }] }""", false)]
    [InlineData("""{ "Shape": null }""", false)]
    public void The_schema_and_the_loader_agree(string json, bool isValid)
    {
        using var folder = new ConfigurationFolder(json);
        Assert.Equal(isValid, JsonSchemaCheck.Problems(Schema, json).Count == 0);
        Assert.Equal(isValid, Record.Exception(() => folder.Load()) is null);
    }

    [Fact]
    public void What_the_loader_writes_satisfies_the_schema()
    {
        using var folder = new ConfigurationFolder();
        Assert.Empty(JsonSchemaCheck.Problems(Schema, folder.Load("Removal.From=3", "Shape.Softcap=null").ToJson()));
    }

    [Fact]
    public void Sentences_values_and_defaults_come_from_the_records()
    {
        using var json = JsonDocument.Parse(Schema);
        var shape = json.RootElement.GetProperty("properties").GetProperty("Shape");
        var properties = shape.GetProperty("properties");
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", json.RootElement.GetProperty("$schema").GetString());
        Assert.Equal("The shape.", shape.GetProperty("description").GetString());
        Assert.Equal("One colour per layer; replaces Colour.", properties.GetProperty("Layers").GetProperty("description").GetString());
        Assert.Equal(30.0, properties.GetProperty("Softcap").GetProperty("default").GetDouble());
        Assert.Equal(["Like a rose.", "Like a leaf."], properties.GetProperty("Colour").GetProperty("enumDescriptions").EnumerateArray().Select(d => d.GetString()));
        Assert.False(properties.TryGetProperty("Area", out _));
    }
}
