using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SparkTrain.Http;

namespace SparkTrain.Dashboard;

/// <summary>Serves the page, whose files are inside the program.</summary>
internal static class PageFiles
{
    private const string Root = "wwwroot/";

    public static void Map(IEndpointRouteBuilder routes)
    {
        var assembly = typeof(PageFiles).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Root, StringComparison.Ordinal)))
        {
            string path = name[Root.Length..].Replace('\\', '/');
            Serve(routes, path == "index.html" ? "/" : "/" + path, name);
        }
    }

    private static void Serve(IEndpointRouteBuilder routes, string path, string resource) => routes.MapRead(path, async http =>
    {
        await using var content = typeof(PageFiles).Assembly.GetManifestResourceStream(resource)!;
        http.Response.ContentType = Type(resource);
        http.Response.ContentLength = content.Length;
        await content.CopyToAsync(http.Response.Body, http.RequestAborted);
    });

    private static string Type(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
}
