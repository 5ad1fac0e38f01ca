namespace SparkTrain.Configuration.Tests;

public sealed class ReferenceTests
{
    [Fact]
    public void The_reference_has_one_table_for_each_section()
    {
        var text = ConfigurationReference.Markdown<SampleConfig>();
        Assert.Contains("""
            ### Shape

            The shape.

            | Key | Type | Default | Range | Meaning |
            | --- | --- | --- | --- | --- |
            | `Width` | whole number | required | from 1 to 4096 | Width, in units. |
            | `Colour` | Red \| Green | required |  | Which colour. |
            | `Layers` | list of Red \| Green | [] | at most 4 entries | One colour per layer; replaces Colour. |
            | `Softcap` | number \| null | 30 | from 0.001 to 1000000 | Softness c; null means none. |

            ### Steps
            """.ReplaceLineEndings("\n"), text, StringComparison.Ordinal);
        Assert.Contains("| `Lr` | number | 0.0003 | greater than 0 and at most 1 | Peak learning rate. |", text, StringComparison.Ordinal);
        Assert.Contains("### Sources[]", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_document_keeps_what_is_around_the_reference()
    {
        const string Document = "# Title\n<!-- reference: begin -->\noutdated\n<!-- reference: end -->\nThe end.\n";
        var once = ConfigurationReference.Insert<SampleConfig>(Document);
        Assert.StartsWith("# Title\n<!-- reference: begin -->\n\n### The root\n", once, StringComparison.Ordinal);
        Assert.EndsWith("\n<!-- reference: end -->\nThe end.\n", once, StringComparison.Ordinal);
        Assert.DoesNotContain("outdated", once, StringComparison.Ordinal);
        Assert.Equal(once, ConfigurationReference.Insert<SampleConfig>(once));
        Assert.Throws<ConfigurationException>(() => ConfigurationReference.Insert<SampleConfig>("# Title\n"));
    }

    [Fact]
    public void A_key_is_explained_with_all_that_is_known_of_it()
    {
        Assert.Equal("""
            Steps.Lr
              Peak learning rate.

              type         number
              range        greater than 0 and at most 1
              default      0.0003
              override     --set Steps.Lr=…
              environment  SPARKTRAIN_Steps__Lr=…

            """.ReplaceLineEndings("\n"), ConfigurationReference.Explain<SampleConfig>("steps:lr"));
        Assert.EndsWith("\n  Red    Like a rose.\n  Green  Like a leaf.\n", ConfigurationReference.Explain<SampleConfig>("Shape.Colour"), StringComparison.Ordinal);
        Assert.EndsWith("\n  From  First step.\n", ConfigurationReference.Explain<SampleConfig>("Removal"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Softcap", "Shape.Softcap\n")]
    [InlineData("Sources[].Path", "Sources[].Path\n")]
    public void A_name_that_only_one_section_has_is_enough(string key, string start) =>
        Assert.StartsWith(start, ConfigurationReference.Explain<SampleConfig>(key), StringComparison.Ordinal);

    [Theory]
    [InlineData("Shape.Widht", "Shape.Widht: no such key. Did you mean Shape.Width?")]
    [InlineData("Batsch", "Batsch: no such key. Did you mean Steps.Batch?")]
    [InlineData("Xylophone", "Xylophone: no such key. config reference lists all keys.")]
    public void A_wrong_key_is_answered_with_the_nearest(string key, string message) =>
        Assert.Equal(message, Assert.Throws<ConfigurationException>(() => ConfigurationReference.Explain<SampleConfig>(key)).Message);

    [Fact]
    public void Every_key_of_the_tree_is_listed_and_explained()
    {
        var keys = ConfigurationReference.Keys<SampleConfig>();
        Assert.Equal(18, keys.Count);
        Assert.All(keys, key => Assert.StartsWith(key + "\n", ConfigurationReference.Explain<SampleConfig>(key), StringComparison.Ordinal));
    }
}
