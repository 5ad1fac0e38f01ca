[assembly: System.Runtime.CompilerServices.InternalsVisibleTo("Model.Tests")]
