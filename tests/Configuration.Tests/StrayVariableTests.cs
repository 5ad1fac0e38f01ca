namespace SparkTrain.Configuration.Tests;

/// <summary>Variables that are meant for a key and reach none are refused; those of others are left alone.</summary>
public sealed class StrayVariableTests
{
    [Theory]
    [InlineData("_Steps_Batch")]
    [InlineData("_STEPS_BATCH")]
    [InlineData("_steps_batch")]
    [InlineData("__Steps__Batch")]
    [InlineData("__Steps_Batch")]
    [InlineData("___Steps__Batch")]
    [InlineData(":Steps:Batch")]
    [InlineData("_Steps.Batch")]
    [InlineData("_Steps-Batch")]
    [InlineData("-Steps-Batch")]
    [InlineData("_StepsBatch")]
    public void A_key_by_another_name_is_told_its_own(string name)
    {
        using var folder = new ConfigurationFolder();
        string variable = folder.Prefix.TrimEnd('_') + name;
        Environment.SetEnvironmentVariable(variable, "7");
        try
        {
            var problem = Assert.Single(Assert.Throws<ConfigurationException>(() => folder.Load()).Problems);
            Assert.Equal((variable, "Steps.Batch", "is not set by this variable."), (problem.Where.Name, problem.Key, problem.Message));
            Assert.StartsWith($"Write {folder.Prefix}Steps__Batch: ", problem.Help, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    [Theory]
    [InlineData("Steps_Bach", "Steps", "has no key of this name. Did you mean Steps.Batch?")]
    [InlineData("Shape_Nothing_Near", "Shape", "has no key of this name.")]
    public void What_begins_with_a_section_is_no_other_programs(string name, string key, string message)
    {
        using var folder = new ConfigurationFolder();
        folder.Set(name, "7");
        var problem = Assert.Single(Assert.Throws<ConfigurationException>(() => folder.Load()).Problems);
        Assert.Equal((key, message), (problem.Key, problem.Message));
    }

    [Theory]
    [InlineData("LIBTORCH")]
    [InlineData("EVENTS_TOKEN")]
    [InlineData("SERVE_TOKEN")]
    [InlineData("SUPERVISOR_GRACE")]
    [InlineData("")]
    [InlineData("_")]
    [InlineData("__")]
    [InlineData("StepsX_Batch")]
    public void Names_of_others_are_free(string name)
    {
        using var folder = new ConfigurationFolder();
        folder.Set(name, "7");
        Assert.Equal(2, folder.Load("Steps.Batch=2").Value.Steps.Batch);
    }

    [Theory]
    [InlineData("Steps__Batch")]
    [InlineData("STEPS__BATCH")]
    [InlineData("Steps:Batch")]
    public void The_right_name_sets_the_key(string name)
    {
        using var folder = new ConfigurationFolder();
        folder.Set(name, "7");
        Assert.Equal(7, folder.Load().Value.Steps.Batch);
    }

    [Fact]
    public void A_wrong_name_beside_the_right_one_is_told_too()
    {
        using var folder = new ConfigurationFolder();
        folder.Set("Steps__Batch", "7");
        folder.Set("Steps_Batch", "8");
        Assert.Contains("SPARKTRAIN_Steps_Batch  Steps.Batch  is not set by this variable.", folder.Report(), StringComparison.Ordinal);
    }
}
