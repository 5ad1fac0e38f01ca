using System.Text.Json;
using CsCheck;

namespace SparkTrain.Configuration.Tests;

public sealed class RoundTripTests
{
    private static readonly Gen<string> Text = Gen.String[Gen.Char.Where(c => !char.IsSurrogate(c)), 0, 12];

    private static readonly Gen<ShapeConfig> Shapes =
        from width in Gen.Int[20, 4096]
        from colour in Gen.Enum<Colour>()
        from layers in Gen.Enum<Colour>().Array[2, 4]
        from plain in Gen.Bool
        from softcap in Gen.Double[1e-3, 1e6].Nullable()
        select new ShapeConfig { Width = width, Colour = colour, Layers = plain ? [] : layers, Softcap = softcap };

    private static readonly Gen<StepsConfig> Steps =
        from batch in Gen.Int[1, 40]
        from tokens in Gen.Long[0, long.MaxValue]
        from lr in Gen.Double[double.Epsilon, 1]
        from keep in Gen.Bool
        from remark in Text.Null()
        from stops in Gen.Int[0, 1000].Array[0, 5]
        select new StepsConfig { Batch = batch, Tokens = tokens, Lr = lr, Keep = keep, Remark = remark, Stops = stops };

    private static readonly Gen<SampleConfig> Configs =
        from name in Gen.String[Gen.Char.AlphaNumeric, 1, 9]
        from shape in Shapes
        from steps in Steps
        from sources in Gen.Select(Text, Gen.Double[0, 1], (path, weight) => new SourceConfig { Path = path, Weight = weight }).Array[0, 3]
        from removal in Gen.Int[0, 1000].Select(first => new RemovalConfig { From = first }).Null()
        select new SampleConfig { Name = name.ToLowerInvariant(), Shape = shape, Steps = steps, Sources = sources, Removal = removal };

    [Fact]
    public void What_is_written_loads_to_the_same_records()
    {
        using var folder = new ConfigurationFolder();
        Configs.Sample(
            config =>
            {
                // The framework's serializer writes the first file, so that our writer and our reader do not only agree with each other.
                folder.Write(JsonSerializer.Serialize(config, Options));
                var first = folder.Load();
                AssertSame(config, first.Value);
                folder.Write(first.ToJson());
                AssertSame(config, folder.Load().Value);
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void Every_leaf_of_the_written_file_has_its_origin_beside_it()
    {
        using var folder = new ConfigurationFolder("""{ "Shape": { "Width": 8, "Colour": "Red" }, "Sources": [{ "Path": "a" }] }""");
        using var json = JsonDocument.Parse(folder.Load("Steps.Batch=2").ToJson());
        var origins = json.RootElement.GetProperty("$origins");
        Assert.Equal(
            ["Name", "Shape.Width", "Shape.Colour", "Shape.Layers", "Shape.Softcap", "Steps.Batch", "Steps.Tokens", "Steps.Lr", "Steps.Keep", "Steps.Remark", "Steps.Stops", "Sources[0].Path", "Sources[0].Weight", "Removal"],
            origins.EnumerateObject().Select(p => p.Name));
        Assert.Equal("--set", origins.GetProperty("Steps.Batch").GetString());
        Assert.Equal($"{folder.File}:1:59", origins.GetProperty("Sources[0].Path").GetString());
        Assert.Equal("default", origins.GetProperty("Steps.Lr").GetString());
    }

    [Fact]
    public void Numbers_in_overrides_mean_what_they_mean_in_the_file()
    {
        using var folder = new ConfigurationFolder();
        Gen.Select(Gen.Double[double.Epsilon, 1], Gen.Long[0, long.MaxValue]).Sample(
            (lr, tokens) =>
            {
                var steps = folder.Load($"Steps.Lr={ScalarText.Format(lr)}", $"Steps.Tokens={ScalarText.Format(tokens)}").Value.Steps;
                Assert.Equal((lr, tokens), (steps.Lr, steps.Tokens));
            },
            iter: 200,
            threads: 1);
    }

    [Fact]
    public void Arbitrary_text_in_the_file_gives_problems_and_never_another_exception()
    {
        using var folder = new ConfigurationFolder();
        var fragments = Gen.OneOf("{", "}", "[", "]", ",", ":", "\"Shape\"", "\"Width\"", "\"Steps\"", "\"\"", "8", "-1e400", "null", "true", "\"Red\"", "\n", "// x\n", "/*", "\\", "\"\\ud800\"", "\"");
        fragments.Array[0, 14].Sample(
            parts =>
            {
                folder.Write(string.Concat(parts));
                Assert.NotEmpty(Assert.Throws<ConfigurationException>(() => folder.Load()).Problems);
            },
            iter: 2000,
            threads: 1);
    }

    private static readonly JsonSerializerOptions Options = new() { Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter() }, IgnoreReadOnlyProperties = true };

    /// <summary>Compares with the framework's serializer: records compare their lists by reference.</summary>
    private static void AssertSame(SampleConfig expected, SampleConfig actual) =>
        Assert.Equal(JsonSerializer.Serialize(expected, Options), JsonSerializer.Serialize(actual, Options));
}
