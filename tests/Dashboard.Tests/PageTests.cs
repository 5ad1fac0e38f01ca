namespace SparkTrain.Dashboard.Tests;

/// <summary>What a user sees in a browser. Each case is a scenario of page.mjs, which also requires that the console has no error.</summary>
public sealed class PageTests(BrowserRun browser) : IClassFixture<BrowserRun>
{
    [Theory]
    [InlineData("curves")]
    [InlineData("live")]
    [InlineData("filter")]
    [InlineData("manyRuns")]
    [InlineData("overlay")]
    [InlineData("heat")]
    [InlineData("zoom")]
    [InlineData("refine")]
    [InlineData("heatZoom")]
    [InlineData("samples")]
    [InlineData("dots")]
    [InlineData("deletion")]
    [InlineData("download")]
    [InlineData("copy")]
    [InlineData("smoothing")]
    [InlineData("logAxis")]
    [InlineData("keyboard")]
    [InlineData("small")]
    [InlineData("dark")]
    [InlineData("link")]
    [InlineData("texts")]
    [InlineData("script")]
    [InlineData("token")]
    public void The_page_passes(string scenario) =>
        Assert.True(browser.Output.Split('\n').Contains("ok " + scenario), browser.Output.Split('\n').FirstOrDefault(line => line.StartsWith("fail " + scenario, StringComparison.Ordinal)) ?? browser.Output);
}
